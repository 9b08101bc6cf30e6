//! Servers that mean harm (attack cases 4, 7 to 11 and 30): each ends in one clear error, soon, and in bounded memory.

use std::time::{Duration, Instant};

use teal_testkit::charts::{Answer, Asked, Body, Web, pack};

use crate::world::{World, soon};

/// A unit whose chart comes from `web`, which answers by `answer`.
fn unit(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Option<(Web, World)> {
    let web = Web::start(answer).unwrap();
    let spec = format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {{name: rel}}\nspec: {{chart: {{repository: '{}', name: web, version: 1.0.0}}}}\n",
        web.url()
    );
    let mut world = World::of(&[("u/helm.yaml", &spec)])?.asking(&web.host());
    soon(&mut world.settings);
    Some((web, world))
}

fn index(url: &str) -> Answer {
    Answer::ok(format!("apiVersion: v1\nentries:\n  web:\n  - name: web\n    version: 1.0.0\n    urls: ['{url}']\n"))
}

fn archive(packed: Vec<u8>) -> impl Fn(&Asked) -> Answer + Send + Sync {
    move |asked| if asked.path == "/index.yaml" { index("web.tgz") } else { Answer::ok(packed.clone()) }
}

#[test]
fn an_endless_answer_ends_at_its_cap() {
    for (path, answer) in [("index", "/index.yaml"), ("archive", "/web.tgz")] {
        let made = unit(move |asked: &Asked| {
            if asked.path == answer {
                return Answer { status: 200, headers: Vec::new(), body: Body::Endless };
            }
            index("web.tgz")
        });
        let Some((_web, mut world)) = made else { return };
        world.settings.fetch_time = Duration::from_secs(60);
        let (reason, message) = world.error();
        assert!(reason == "ChartLimit" && message.contains("bytes"), "{path}: {message}");
    }
}

#[test]
fn an_answer_that_announces_too_much_is_not_read() {
    for (what, answer) in [("index", "/index.yaml"), ("archive", "/web.tgz")] {
        let made = unit(move |asked: &Asked| {
            if asked.path != answer {
                return index("web.tgz");
            }
            let headers = vec![("content-length".into(), (1_u64 << 40).to_string())];
            // And then comes nothing: whoever waits for it waits until the time of a fetch is over.
            Answer { status: 200, headers, body: Body::Silence }
        });
        let Some((_web, world)) = made else { return };
        let (reason, message) = world.error();
        assert!(reason == "ChartLimit" && message.contains("bytes"), "{what}: {reason}: {message}");
    }
}

#[test]
fn a_slow_or_silent_server_costs_no_more_than_its_time() {
    for drips in [true, false] {
        let body = move || if drips { Body::Dripping(Duration::from_millis(50)) } else { Body::Silence };
        let made = unit(move |_: &Asked| Answer { status: 200, headers: Vec::new(), body: body() });
        let Some((_web, world)) = made else { return };
        let begun = Instant::now();
        let (reason, message) = world.error();
        assert!(reason == "ChartLimit" || reason == "ChartNotFetched", "{message}");
        assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
    }
}

#[test]
fn a_redirect_leads_to_no_private_place() {
    for (to, says) in [
        ("https://169.254.169.254/metadata/identity", "private address"),
        ("https://[fd00::1]/x", "private address"),
        ("https://localhost:1/x", "private address"),
        ("http://169.254.169.254/metadata", "without TLS"),
        ("http://example.com/x", "without TLS"),
        ("ftp://example.com/x", "without TLS"),
        ("//", "no address"),
    ] {
        let made = unit(move |_: &Asked| Answer::redirect(to));
        let Some((_web, world)) = made else { return };
        let (reason, message) = world.error();
        assert!(reason == "ChartNotFetched" && message.contains(says), "{to}: {message}");
    }
    let Some((web, world)) = unit(|_: &Asked| Answer::redirect("/again")) else { return };
    let (_, message) = world.error();
    assert!(message.contains("redirects") && web.asked().len() == 6, "{message}, {} requests", web.asked().len());
}

#[test]
fn a_host_that_the_sync_does_not_name_is_not_asked() {
    let Some((web, mut world)) = unit(|_: &Asked| Answer::status(404)) else { return };
    world.policy.hosts.clear();
    let (reason, message) = world.error();
    assert!(reason == "ChartNotFetched" && message.contains("spec.helm.hosts"), "{message}");
    assert!(web.asked().is_empty());
}

#[test]
fn an_archive_that_is_no_chart_is_refused() {
    let traversal = {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..14].copy_from_slice(b"web/../../evil");
        header.set_size(0);
        header.set_cksum();
        builder.append(&header, &b""[..]).unwrap();
        gzip(&builder.into_inner().unwrap())
    };
    let zeros = vec![0; 4 << 20];
    let many = gzip(&tar_of((0..20).map(|at| (format!("web/files/{at}"), zeros.as_slice()))));
    assert!(many.len() < 1 << 20, "80 MiB in {} bytes", many.len());
    let one = gzip(&tar_of([("web/files/a".to_owned(), vec![0; 6 << 20].as_slice())]));
    for (what, packed, want, says) in [
        ("a name that leads out", traversal, "ChartArchive", "leads out of the chart"),
        ("a bomb of many files", many, "ChartLimit", "unpacks to more than"),
        ("a bomb of one file", one, "ChartLimit", "Helm takes at most"),
        ("nothing but zeros", gzip(&vec![0; 90 << 20]), "ChartArchive", "holds no chart"),
        ("a page", b"<html>not found</html>".to_vec(), "ChartArchive", "can't be read"),
        ("nothing", Vec::new(), "ChartArchive", ""),
    ] {
        let Some((_web, world)) = unit(archive(packed)) else { return };
        let (reason, message) = world.error();
        assert!(reason == want && message.contains(says), "{what}: {reason}: {message}");
    }
    // A name in Chart.yaml that is a path.
    let chart = "apiVersion: v2\nname: ../../evil\nversion: 1.0.0\n";
    let Some((_web, world)) = unit(archive(pack("web", "1.0.0", &[("Chart.yaml", chart)]).unwrap())) else { return };
    assert_eq!(world.error().0, "ChartTemplate");
}

#[test]
fn an_index_that_lies_or_nests_without_end_is_an_error() {
    let wrong =
        Answer::ok("apiVersion: v1\nentries:\n  web:\n  - version: 1.0.0\n    digest: 0000\n    urls: [web.tgz]\n");
    let Body::Whole(wrong) = wrong.body else { return };
    let packed = pack("web", "1.0.0", &[]).unwrap();
    let made = unit(
        move |asked: &Asked| {
            if asked.path == "/index.yaml" { Answer::ok(wrong.clone()) } else { Answer::ok(packed.clone()) }
        },
    );
    let Some((_web, world)) = made else { return };
    assert_eq!(world.error().0, "ChartDigest");
    for body in ["[".repeat(100_000), "a: &a [x]\n".repeat(10) + "entries: *b", "entries: 3".into(), "\u{feff}".into()]
    {
        let Some((_web, world)) = unit(move |_: &Asked| Answer::ok(body.clone())) else { return };
        let begun = Instant::now();
        assert_eq!(world.error().0, "ChartNotFetched");
        assert!(begun.elapsed() < Duration::from_secs(120));
    }
}

#[test]
fn values_and_charts_outside_of_the_repository_are_not_read() {
    for (spec, says) in [
        ("chart: {path: ../../../etc}", "leads out"),
        ("chart: {path: /etc}", "leads out"),
        ("chart: {path: .}, valuesFiles: [../../../etc/passwd]", "leads out"),
        ("chart: {path: .}, valuesFiles: [/etc/passwd]", "leads out"),
    ] {
        let helm = format!("apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {{name: rel}}\nspec: {{{spec}}}\n");
        let Some(world) =
            World::of(&[("u/helm.yaml", &helm), ("u/Chart.yaml", "name: web\nversion: 1.0.0\napiVersion: v2\n")])
        else {
            return;
        };
        let (reason, message) = world.error();
        assert!(reason == "ChartInvalid" && message.contains(says) && !message.contains("root:"), "{message}");
    }
}

fn tar_of<'a>(files: impl IntoIterator<Item = (String, &'a [u8])>) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}
