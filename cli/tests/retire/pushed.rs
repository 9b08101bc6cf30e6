//! What pushed git says counts, whatever an older clone says: asked over HTTP, with the person's own git.

use anyhow::{Result, ensure};
use teal_switcher_core::ledger::Stage;
use teal_testkit::git_server::Fault;

use crate::world::{World, git_in};

/// The Switch without a switcher here, as it is pushed with this word changed.
fn pushed(world: &World, from: &str, to: &str) -> Result<()> {
    let text = world.repo.git(&["show", "main:shop/switch.yaml"])?;
    ensure!(text.contains(from), "{from}: {text}");
    world.repo.commit(&[("shop/switch.yaml", Some(&text.replace(from, to)))], "Change shop")?;
    Ok(())
}

async fn stage(world: &World) -> Result<Option<Stage>> {
    Ok(world.ledger("shop").await?.retirement().map(|one| one.stage))
}

/// Refused with this reason and these words, and nothing was touched.
async fn refused(world: &World, arguments: &[&str], reason: &str, words: &str) -> Result<()> {
    let (code, text) = world.teal(&[&["retire", "blue", "--yes", "-o", "json"], arguments].concat()).await?;
    ensure!(code == 4 && text.contains(reason) && text.contains(words), "{reason}, {words}: {code} {text}");
    ensure!(stage(world).await?.is_none() && world.asked("POST", "/aks-blue/stop").await? == 0, "{text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_clone_never_ends_what_pushed_git_wants() -> Result<()> {
    let world = World::new("  executor: arm\n  scream: 0s\n").await?;
    pushed(&world, "active: green", "active: blue")?;
    refused(&world, &[], "GitWantsIt", "main of origin asks for blue").await?;
    pushed(&world, "active: blue", "active: green")?;
    let (code, text) = world.teal(&["retire", "blue", "--dry-run"]).await?;
    ensure!(code == 0, "{code} {text}");
    // Between two steps, too: it is stopped, and git wants it back before it is deleted.
    let stop = world.retirement()?.run(true, teal_retire::Consent::NoWayBack, &mut |_| {}).await?;
    ensure!(stage(&world).await? == Some(Stage::Screaming), "{stop:?}");
    pushed(&world, "active: green", "active: blue")?;
    let (code, text) = world.teal(&["retire", "blue", "--yes", "--wait"]).await?;
    ensure!(code == 4 && text.contains("main of origin asks for blue"), "{code} {text}");
    ensure!(world.cluster().await? == "Succeeded, Stopped" && world.asked("DELETE", "/aks-blue").await? == 0);
    // Going back asks nobody.
    world.git.fail(Fault::Drop);
    let (code, text) = world.teal(&["retire", "blue", "--revive", "--yes"]).await?;
    ensure!(code == 0 && world.cluster().await? == "Succeeded, Running", "{code} {text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_here_must_be_what_is_pushed() -> Result<()> {
    let world = World::new("  executor: arm\n").await?;
    // Changed here only.
    let file = world.file("shop/switch.yaml");
    let before = std::fs::read_to_string(&file)?;
    std::fs::write(&file, before.replace("  targets:", "  attempt: 2\n  targets:"))?;
    refused(&world, &[], "NotAsPushed", "its declaration here is not that of main of origin").await?;
    std::fs::write(&file, &before)?;
    let colors = std::fs::read_to_string(world.file("colors.yaml"))?;
    std::fs::write(world.file("colors.yaml"), colors.replace("retention: 0s", "retention: 1s"))?;
    refused(&world, &[], "NotAsPushed", "what it says of blue is not what is pushed").await?;
    std::fs::write(world.file("colors.yaml"), &colors)?;
    // Changed there only.
    pushed(&world, "  targets:", "  attempt: 3\n  targets:")?;
    refused(&world, &[], "NotAsPushed", "`git pull`").await?;
    pushed(&world, "  attempt: 3\n", "")?;
    // One more that names the cluster; a mistake that hides what is wanted.
    let third = before.replace("name: shop", "name: third");
    world.repo.commit(&[("deep/third.yml", Some(&third))], "A third")?;
    refused(&world, &[], "SwitchNotHere", "its Switch third names this cluster").await?;
    world.repo.commit(&[("deep/third.yml", Some(&third.replace("active:", "aktive:")))], "A mistake")?;
    refused(&world, &[], "GitUnknown", "aktive").await?;
    world.repo.commit(&[("deep/third.yml", None)], "No third")?;
    // Moved away.
    world.repo.commit(&[("shop/switch.yaml", None)], "No shop")?;
    refused(&world, &[], "NotPushed", "main of origin has no such Switch here").await?;
    world.repo.commit(&[("shop/switch.yaml", Some(&before)), ("colors.yaml", None)], "As before")?;
    // What is searched in was never pushed: told, and no more.
    let (code, text) = world.teal(&["retire", "blue", "--dry-run"]).await?;
    ensure!(code == 0 && text.contains("no commit has it"), "{code} {text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_refuses_unless_somebody_vouches_for_the_files() -> Result<()> {
    let world = World::new("  executor: arm\n").await?;
    world.git.fail(Fault::Status(503));
    refused(&world, &[], "GitUnknown", "it can't be asked what it wants: git ls-remote").await?;
    world.git.heal();
    refused(&world, &["--branch", "nowhere"], "GitUnknown", "the remote has no such branch").await?;

    // No branch is checked out, as in a pipeline.
    git_in(&world.file(""), &["checkout", "--quiet", "--detach"])?;
    refused(
        &world,
        &[],
        "GitUnknown",
        "no branch is checked out: name the branch that the switchers follow by --branch",
    )
    .await?;
    let (code, text) = world.teal(&["retire", "blue", "--dry-run", "--branch", "main"]).await?;
    ensure!(code == 0, "{code} {text}");
    // A branch that no switcher follows has other commits than the ledger tells of.
    let files = ["contoso/switch.yaml", "shop/switch.yaml", "colors.yaml"];
    let texts = files.map(|name| world.repo.git(&["show", &format!("main:{name}")]));
    for (name, text) in files.iter().zip(texts) {
        world.repo.commit_to("attic", &[(*name, Some(&format!("{}\n", text?)))], "Keep")?;
    }
    refused(&world, &["--branch", "attic"], "OtherBranch", "acted on a commit that is not in attic of origin").await?;

    // Outside of git there is nothing to ask.
    std::fs::remove_dir_all(world.file(".git"))?;
    refused(&world, &[], "GitUnknown", "it lies in no git work tree").await?;
    let (code, text) = world.teal(&["retire", "blue", "--yes", "--no-fetch"]).await?;
    ensure!(code == 1 && text.contains("no remote was asked what it wants now"), "{code} {text}");
    ensure!(stage(&world).await? == Some(Stage::Screaming));
    Ok(())
}
