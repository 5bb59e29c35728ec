//! `conduit rotate-root`: a new root secret, and everything that is stored sealed anew under it (R66).
//!
//! The order makes every interruption harmless: the old secret is kept before the new one takes its place, a running gateway knows both before
//! anything is sealed anew, and the old one goes when the database holds nothing more of it. A run that was interrupted is taken up by the next.

use super::Where;
use super::client::Client;
use super::target::Target;
use crate::config::{self, CommandLine, Config, Environment};
use crate::failure::Failure;
use crate::output;
use crate::serve::{admin_token, data_dir, database, identity};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Keys, RootSecret, RotationReport, Store, StoreConfig};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The configuration file that the gateway runs with.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// How long a running gateway may take to have read the new secret.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the secrets are kept, which decides what this command may do to them.
enum Keeper {
    /// `root-secret` in the data directory: ours to change.
    File,
    /// `CONDUIT_ROOT_SECRET` of whoever starts the gateway.
    Environment,
}

struct Plan {
    keeper: Keeper,
    data_dir: PathBuf,
    keys: Arc<Keys>,
    /// Those of the new secret without the old ones.
    alone: Arc<Keys>,
    /// Ids of the old secrets.
    old: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    let command_line =
        CommandLine { config: arguments.config.clone(), data_dir: arguments.place.data_dir.clone(), ..CommandLine::default() };
    let config = config::load(&command_line, environment).map_err(Failure::failed)?;
    is_there(&config)?;
    let _alone = alone(&config.data_dir)?;
    let plan = plan(&config, environment)?;
    tell_running_gateway(&plan)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(Failure::failed)?;
    let (report, left) = runtime.block_on(rotate(&config, &plan))?;
    let retired = left.needed() == 0 && retire(&plan)?;
    if retired {
        // It need not know the old one any more; where it cannot be told, its next start forgets it.
        let _ = tell_running_gateway(&plan);
    }
    told(&plan, &report, &left, retired, arguments.place.json)?;
    match report.undecryptable.len() {
        0 => Ok(()),
        count => Err(Failure::failed(format!(
            "{count} stored secrets open under none of the root secrets: they were left as they are, and entering them again is the only remedy"
        ))),
    }
}

/// Before anything is made in a directory that may be the wrong one.
fn is_there(config: &Config) -> Result<(), Failure> {
    let path = identity::root_file(config);
    match config.root_secret.is_some() || data_dir::read_secret(&path)?.is_some() {
        true => Ok(()),
        false => Err(Failure::failed(format!(
            "there is no root secret to be rotated: CONDUIT_ROOT_SECRET is not set and {} does not exist; name the data directory with --data-dir",
            path.display()
        ))),
    }
}

/// Two rotations at once would each put a secret of its own in the place of the other's, and the database would be sealed under one that is
/// nowhere any more. Without the directory there are no files to be changed, and the database lets one go on at a time.
fn alone(data_dir: &Path) -> Result<Option<File>, Failure> {
    let path = data_dir.join("rotation.lock");
    let locked = match OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(TryLockError::Error).and_then(|file| file.try_lock().map(|()| file)),
    };
    locked.map(Some).map_err(|error| match error {
        TryLockError::WouldBlock => {
            Failure::failed("another rotation of this data directory's root secret is under way: wait until it has ended")
        }
        TryLockError::Error(error) => Failure::failed(format!("{} cannot be locked: {error}", path.display())),
    })
}

/// Decides which secret is new and which is old, and puts them where a gateway reads them.
fn plan(config: &Config, environment: &Environment) -> Result<Plan, Failure> {
    let (root_file, old_file) = (identity::root_file(config), identity::old_root_file(&config.data_dir));
    let given = new_secret(environment)?;
    let root = identity::root(config)?;
    if config.root_secret.is_some() {
        let (current, old) = match given {
            Some(new) => (new, std::iter::once(root.secret).chain(root.old).collect::<Vec<_>>()),
            None if !root.old.is_empty() => (root.secret, root.old),
            None => {
                return Err(Failure::usage(
                    "the root secret is CONDUIT_ROOT_SECRET: give the new one as CONDUIT_ROOT_SECRET_NEW; or, with gateways that know both, \
                     set CONDUIT_ROOT_SECRET to the new one and CONDUIT_ROOT_SECRET_OLD to the one before",
                ));
            }
        };
        return Ok(Plan::of(Keeper::Environment, config, &current, &old));
    }
    let begun = root.old.iter().any(|old| Keys::derive(old).id() != Keys::derive(&root.secret).id());
    if begun {
        // An earlier run was interrupted: its new secret is the current one already.
        return Ok(Plan::of(Keeper::File, config, &root.secret, &root.old));
    }
    let new = match given {
        Some(new) => new,
        None => RootSecret::generate().map_err(Failure::failed)?,
    };
    replace(&old_file, &root.secret.to_text())?;
    replace(&root_file, &new.to_text())?;
    Ok(Plan::of(Keeper::File, config, &new, &[root.secret]))
}

impl Plan {
    fn of(keeper: Keeper, config: &Config, current: &RootSecret, old: &[RootSecret]) -> Self {
        let keys = Keys::derive_with_old(current, old);
        let old = keys.ids().into_iter().skip(1).collect();
        Self { keeper, data_dir: config.data_dir.clone(), keys: Arc::new(keys), alone: Arc::new(Keys::derive(current)), old }
    }
}

fn new_secret(environment: &Environment) -> Result<Option<RootSecret>, Failure> {
    let given = environment.short_secret("CONDUIT_ROOT_SECRET_NEW").map_err(Failure::failed)?;
    given
        .map(|text| RootSecret::parse(text.expose_secret()).map_err(|fault| Failure::failed(format!("CONDUIT_ROOT_SECRET_NEW: {fault}"))))
        .transpose()
}

fn replace(path: &Path, secret: &SecretString) -> Result<(), Failure> {
    let line = zeroize::Zeroizing::new(format!("{}\n", secret.expose_secret()));
    data_dir::replace_private(path, line.as_bytes())
        .map_err(|error| Failure::failed(format!("{} cannot be written: {error}", path.display())))
}

/// A gateway that does not know the new secret could not read what is sealed under it: it must have taken it before anything is.
fn tell_running_gateway(plan: &Plan) -> Result<(), Failure> {
    let Some(target) = Target::of_file(&plan.data_dir.join(admin_token::FILE))? else { return Ok(()) };
    let pid = target.pid;
    let client = Client::to(target)?;
    let Ok(system) = client.get("system") else {
        output::note("the data directory names a gateway that does not answer: it is taken for ended");
        return Ok(());
    };
    if knows(&system, plan) {
        return Ok(());
    }
    if matches!(plan.keeper, Keeper::Environment) {
        return Err(Failure::failed(
            "the running gateway does not know the new root secret: start it with CONDUIT_ROOT_SECRET set to the new one and \
             CONDUIT_ROOT_SECRET_OLD to the present one, then run this command with the same two variables",
        ));
    }
    let process = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(process) = process {
        rustix::process::kill_process(process, rustix::process::Signal::HUP).map_err(|error| {
            Failure::failed(format!("the running gateway (process {}) cannot be told: {error}", process.as_raw_nonzero()))
        })?;
    }
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if client.get("system").is_ok_and(|system| knows(&system, plan)) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(Failure::failed(
        "the running gateway has not taken the new root secret: its log says why. Nothing was sealed anew; run the command again",
    ))
}

/// Whether the gateway seals with the new secret.
fn knows(system: &Value, plan: &Plan) -> bool {
    system.pointer("/root_keys/0").and_then(Value::as_str) == Some(&plan.keys.id())
}

/// The values that a rotation has left under old secrets.
struct Left {
    count: u64,
    /// None of them opens, which no other run will change: the old secrets are good for nothing any more.
    hopeless: bool,
}

impl Left {
    fn needed(&self) -> u64 {
        if self.hopeless { 0 } else { self.count }
    }
}

/// The report, and what the old secrets still hold.
async fn rotate(config: &Config, plan: &Plan) -> Result<(RotationReport, Left), Failure> {
    let url = database::url(config)?;
    let store = Store::open(StoreConfig::new(url), Arc::clone(&plan.keys)).await.map_err(Failure::failed)?;
    let done = async {
        let report = store.rotate().await?;
        // A database that is tied to another secret by now was rotated from elsewhere meanwhile: nothing may be thrown away then.
        store.replace_keys(Arc::clone(&plan.alone)).await?;
        let held = store.sealed_by().await?;
        let others: u64 = held.iter().filter(|(id, _)| **id != plan.keys.id()).map(|(_, count)| count).sum();
        let hopeless = usize::try_from(others) == Ok(report.undecryptable.len());
        let count = plan.old.iter().filter_map(|id| held.get(id)).sum();
        Ok((report, Left { count, hopeless }))
    };
    let done: Result<_, store::StoreError> = done.await;
    let _ = store.close().await;
    done.map_err(|error| Failure::failed(format!("{error}\nBoth root secrets are kept: run the command again to go on")))
}

/// True where the old secret is gone.
fn retire(plan: &Plan) -> Result<bool, Failure> {
    if matches!(plan.keeper, Keeper::Environment) {
        return Ok(false);
    }
    let path = identity::old_root_file(&plan.data_dir);
    std::fs::remove_file(&path)
        .map(|()| true)
        .map_err(|error| Failure::failed(format!("{} is not needed any more and cannot be removed: {error}", path.display())))
}

fn told(plan: &Plan, report: &RotationReport, left: &Left, retired: bool, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return output::json(&json!({
            "root_key": plan.keys.id(), "old_root_keys": plan.old, "rewrapped": report.rewrapped, "already": report.already,
            "undecryptable": report.undecryptable, "left_under_old": left.count, "old_retired": retired,
        }));
    }
    let mut text = format!("sealed anew: {}; under the new root secret before: {}\n", report.rewrapped, report.already);
    for place in &report.undecryptable {
        text += &format!("opens under no root secret: {place}\n");
    }
    text += match (&plan.keeper, left.needed()) {
        (_, 1..) => "the old root secret is still needed: it was kept; run the command again\n",
        (Keeper::File, _) => "the new root secret is in the data directory: keep a copy; the old one was removed\n",
        (Keeper::Environment, _) => {
            "start every gateway with CONDUIT_ROOT_SECRET set to the new one; CONDUIT_ROOT_SECRET_OLD is not needed any more\n"
        }
    };
    output::print(&text).map_err(Failure::failed)
}
