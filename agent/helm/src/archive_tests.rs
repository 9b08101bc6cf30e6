use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::*;

fn packed(tar: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::best());
    gz.write_all(tar).unwrap();
    gz.finish().unwrap()
}

/// A header whose name is written as it is, whatever the library thinks of it.
fn header(name: &str, kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn archive(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, content) in entries {
        builder.append(&header(name, *kind, content.len() as u64), *content).unwrap();
    }
    packed(&builder.into_inner().unwrap())
}

const CHART: (&str, EntryType, &[u8]) = ("web/Chart.yaml", EntryType::Regular, b"name: web\nversion: 1.0.0\n");

#[test]
fn files_lose_the_charts_folder() {
    let packed =
        archive(&[("web/", EntryType::Directory, b""), CHART, ("web/templates/a.yaml", EntryType::Regular, b"a")]);
    let files = unpack(&packed).unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["Chart.yaml", "templates/a.yaml"]);
    assert_eq!(&*files["templates/a.yaml"], b"a");
}

#[test]
fn what_no_chart_may_hold_is_refused_by_name() {
    for (name, kind, says) in [
        ("../evil.yaml", EntryType::Regular, "leads out"),
        ("web/../../evil.yaml", EntryType::Regular, "leads out"),
        ("web/templates/..", EntryType::Regular, "leads out"),
        ("/etc/evil.yaml", EntryType::Regular, "absolute"),
        ("C:/evil.yaml", EntryType::Regular, "characters"),
        ("web\\..\\evil.yaml", EntryType::Regular, "characters"),
        ("web/a\nb.yaml", EntryType::Regular, "characters"),
        ("evil.yaml", EntryType::Regular, "beside"),
        ("web/link", EntryType::Symlink, "is a link"),
        ("web/link", EntryType::Link, "is a link"),
        ("web/device", EntryType::Char, "neither"),
        ("web/pipe", EntryType::Fifo, "neither"),
        ("web/Chart.yaml", EntryType::Regular, "twice"),
        ("web/folder/", EntryType::Regular, "name of a folder"),
    ] {
        let error = unpack(&archive(&[CHART, (name, kind, b"")])).unwrap_err();
        assert_eq!(error.reason, ChartError::ARCHIVE, "{name:?}");
        let shown = tame(name);
        assert!(error.message.contains(says) && error.message.contains(&format!("`{shown}`")), "{name:?}: {error}");
    }
    assert!(
        unpack(&archive(&[("web/a.yaml", EntryType::Regular, b"")])).unwrap_err().message.contains("no Chart.yaml")
    );
    for nothing in [&b""[..], b"\x1f\x8b", b"<html>", &packed(b"no tar at all, and not even a block long")] {
        assert!(unpack(nothing).is_err());
    }
}

#[test]
fn what_gos_reader_would_read_in_another_way_is_refused() {
    let with = |change: &dyn Fn(&mut Header), content: &[u8], kind: EntryType| {
        let mut odd = header("web/odd", kind, content.len() as u64);
        change(&mut odd);
        odd.set_cksum();
        let mut builder = Builder::new(Vec::new());
        builder.append(&header(CHART.0, CHART.1, CHART.2.len() as u64), CHART.2).unwrap();
        builder.append(&odd, content).unwrap();
        unpack(&packed(&builder.into_inner().unwrap()))
    };
    assert!(with(&|_| {}, b"x", EntryType::Regular).is_ok());
    let old = |header: &mut Header| header.as_mut_bytes()[257..265].fill(0);
    assert!(with(&old, b"x", EntryType::Regular).is_ok());
    let prefix = |header: &mut Header| {
        old(header);
        header.as_mut_bytes()[345] = b'x';
    };
    let error = with(&prefix, b"x", EntryType::Regular).unwrap_err();
    assert!(error.message.contains("`web/odd`") && error.message.contains("more in it"), "{error}");
    assert!(with(&|header| header.as_mut_bytes()[508] = b't', b"x", EntryType::Regular).is_err());
    // Go passes over what stands before a size.
    assert!(with(&|header| header.as_mut_bytes()[124] = 0, b"x", EntryType::Regular).is_err());
    let error = with(&|_| {}, &[0; 512], EntryType::Directory).unwrap_err();
    assert!(error.message.contains("folder with content"), "{error}");
}

#[test]
fn an_extension_that_changes_a_size_or_makes_a_hole_is_refused() {
    for record in ["12 size=900\n", "22 GNU.sparse.major=1\n", "20 linkpath=/etc/x\n"] {
        let mut builder = Builder::new(Vec::new());
        builder.append(&header(CHART.0, CHART.1, CHART.2.len() as u64), CHART.2).unwrap();
        builder.append(&header("web/x", EntryType::XHeader, record.len() as u64), record.as_bytes()).unwrap();
        builder.append(&header("web/inner", EntryType::Regular, 4), &b"abcd"[..]).unwrap();
        builder.append(&header("web/hidden", EntryType::Regular, 4), &b"abcd"[..]).unwrap();
        let error = unpack(&packed(&builder.into_inner().unwrap())).unwrap_err();
        assert!(matches!(error.reason, ChartError::ARCHIVE), "{record:?}: {error}");
    }
    // What Go's own writer makes of a long or foreign name is fine.
    let record = "30 path=web/templates/é.yaml\n";
    assert_eq!(record.len(), 30, "é has two bytes");
    let mut builder = Builder::new(Vec::new());
    builder.append(&header(CHART.0, CHART.1, CHART.2.len() as u64), CHART.2).unwrap();
    builder.append(&header("web/x", EntryType::XHeader, record.len() as u64), record.as_bytes()).unwrap();
    builder.append(&header("web/inner", EntryType::Regular, 4), &b"abcd"[..]).unwrap();
    let files = unpack(&packed(&builder.into_inner().unwrap())).unwrap();
    assert!(files.contains_key("templates/é.yaml"), "{:?}", files.keys());
}

#[test]
fn a_bomb_ends_at_the_cap_and_names_its_entry() {
    // One file of a gibibyte, in a megabyte.
    let mut gz = GzEncoder::new(Vec::new(), Compression::best());
    gz.write_all(header(CHART.0, CHART.1, 0).as_bytes()).unwrap();
    gz.write_all(header("web/bomb", EntryType::Regular, 1 << 30).as_bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..300 {
        gz.write_all(&zeros).unwrap();
    }
    let bomb = gz.finish().unwrap();
    let error = unpack(&bomb).unwrap_err();
    assert!(error.reason == ChartError::LIMIT && error.message.contains("web/bomb"), "{error}");

    // Many files of the largest size that one may have.
    let mut gz = GzEncoder::new(Vec::new(), Compression::best());
    let megabytes = vec![0; 5 << 20];
    for index in 0..40 {
        gz.write_all(header(&format!("web/f{index}"), EntryType::Regular, 5 << 20).as_bytes()).unwrap();
        gz.write_all(&megabytes).unwrap();
    }
    let error = unpack(&gz.finish().unwrap()).unwrap_err();
    assert!(error.reason == ChartError::LIMIT, "{error}");

    // Hidden in an entry that is skipped: headers say nothing about it.
    let mut gz = GzEncoder::new(Vec::new(), Compression::best());
    gz.write_all(header("web/", EntryType::XGlobalHeader, 200 << 20).as_bytes()).unwrap();
    for _ in 0..200 {
        gz.write_all(&zeros).unwrap();
    }
    gz.write_all(header(CHART.0, CHART.1, 0).as_bytes()).unwrap();
    let error = unpack(&gz.finish().unwrap()).unwrap_err();
    assert!(error.reason == ChartError::LIMIT, "{error}");

    // Too many entries.
    let mut tar = Vec::new();
    for index in 0..=MAX_ENTRIES {
        tar.extend_from_slice(header(&format!("web/d{index}/"), EntryType::Directory, 0).as_bytes());
    }
    let begun = Instant::now();
    let error = unpack(&packed(&tar)).unwrap_err();
    assert!(error.message.contains("entries"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(120));
}
