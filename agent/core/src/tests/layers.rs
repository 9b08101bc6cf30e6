use crate::layers::{DEFAULT_LAYER, Directory, LayerSpec, Layout, layout, slug};

fn spec(name: &str, paths: &[&str], after: &[&str]) -> LayerSpec {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    LayerSpec { name: name.to_owned(), paths: texts(paths), after: texts(after) }
}

/// Paths ending in `?` hold no manifests themselves.
fn tree(paths: &[&str]) -> Vec<Directory> {
    paths
        .iter()
        .map(|path| Directory { path: path.trim_end_matches('?').to_owned(), has_manifests: !path.ends_with('?') })
        .collect()
}

fn told(layout: &Layout) -> Vec<String> {
    layout
        .layers
        .iter()
        .map(|layer| {
            let units: Vec<_> = layer.units.iter().map(|unit| unit.path.as_str()).collect();
            format!("{}: {}", layer.name, units.join(" "))
        })
        .collect()
}

#[test]
fn directories_become_units_of_layers() {
    let directories =
        tree(&["?", "platform?", "platform/base", "platform/dns", "apps?", "apps/shop", "apps/shop/patches?", "docs?"]);
    let layers = [spec("platform", &["platform/*"], &[]), spec("apps", &["./apps/*/"], &["platform"])];
    let laid = layout("main", &layers, &directories).unwrap();
    assert_eq!(told(&laid), ["platform: platform/base platform/dns", "apps: apps/shop"]);
    assert_eq!(laid.layers[1].after, ["platform"]);
    assert!(laid.notices.is_empty(), "{:?}", laid.notices);
}

#[test]
fn globs_mean_what_they_say() {
    let directories = tree(&["", "apps/a", "apps/a/b", "apps/c"]);
    for (glob, want) in [
        ("apps/*", "x: apps/a apps/c"),
        ("apps/a", "x: apps/a"),
        ("apps/{a,c}", "x: apps/a apps/c"),
        ("apps/a/**", "x: apps/a/b"),
        ("*", "x: "),
        (".", "x: "),
    ] {
        // `*` of one step must not match the root, `.` is the root and nothing else.
        let laid = layout("main", &[spec("x", &[glob], &[])], &directories[usize::from(glob != ".")..]).unwrap();
        assert_eq!(told(&laid), [want], "{glob}");
    }
    let root = layout("main", &[spec("x", &["."], &[])], &tree(&[""])).unwrap();
    assert_eq!((root.layers[0].units.len(), root.layers[0].units[0].path.as_str()), (1, ""));
}

#[test]
fn what_two_would_apply_is_an_error_that_names_both() {
    let directories = tree(&["apps/a", "apps/b", "apps/b/c"]);
    for (rule, layers, want) in [
        (
            "two layers",
            vec![spec("one", &["apps/a"], &[]), spec("two", &["apps/a"], &[])],
            vec![
                "apps/a is matched twice, by `apps/a` of layer one and by `apps/a` of layer two; a directory is one unit of one layer",
            ],
        ),
        (
            "two globs of one layer",
            vec![spec("one", &["apps/a", "apps/?"], &[])],
            vec![
                "apps/a is matched twice, by `apps/a` of layer one and by `apps/?` of layer one; a directory is one unit of one layer",
            ],
        ),
        (
            "one inside another",
            vec![spec("one", &["apps/*"], &[]), spec("two", &["apps/b/*"], &[])],
            vec![
                "unit apps/b/c (layer two) lies inside unit apps/b (layer one); narrow a glob so that only one of them matches",
            ],
        ),
        (
            "all mistakes at once",
            vec![spec("one", &["apps/[", "apps/a"], &["nowhere"])],
            vec![
                "layer one comes after nowhere, which is no layer",
                "layer one: `apps/[` is not a glob: unclosed character class; missing ']'",
            ],
        ),
    ] {
        let errors: Vec<_> =
            layout("main", &layers, &directories).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(errors, want, "{rule}");
    }
}

#[test]
fn a_sibling_with_the_same_beginning_is_not_inside() {
    layout("main", &[spec("x", &["*"], &[])], &tree(&["app", "app-two", "apple"])).unwrap();
}

#[test]
fn globs_that_bring_nothing_are_told() {
    let laid =
        layout("main", &[spec("x", &["gone/*", "apps/*"], &[])], &tree(&["apps/a", "apps/b?", "apps/b/base"])).unwrap();
    assert_eq!(
        laid.notices,
        ["layer x: `gone/*` matches no directory", "layer x: apps/b holds no manifests itself, so it is no unit"]
    );
}

#[test]
fn without_teal_yaml_there_is_one_layer_with_one_unit() {
    let layout = Layout::single("main");
    let units: Vec<_> = layout.units().map(|(layer, unit)| (layer, unit.path.as_str())).collect();
    assert_eq!(units, [(DEFAULT_LAYER, "")]);
    assert!(layout.layers[0].units[0].slug.starts_with("root-"));
}

#[test]
fn slugs_are_stable_readable_valid_names() {
    assert_eq!(slug("main", "apps/shop"), slug("main", "apps/shop"));
    assert_ne!(slug("main", "apps/shop"), slug("other", "apps/shop"), "two Syncs in one cluster");
    assert_ne!(slug("main", "apps/shop"), slug("main", "apps-shop"), "paths that read alike");
    assert!(slug("main", "apps/Shop_Front").starts_with("apps-shop-front-"));
    for path in ["", "/", "a", "apps/ÄÖÜ/ß", &"long/".repeat(40), "-", "x.y"] {
        let slug = slug("main", path);
        assert!(slug.len() <= 63, "{slug}");
        assert!(slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{slug}");
        assert!(slug.starts_with(|c: char| c != '-') && slug.chars().rev().nth(8) == Some('-'), "{slug}");
    }
}
