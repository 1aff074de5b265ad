//! A process killed while it writes loses nothing it acknowledged.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use api::{EventKind, Key, Revision};
use coracle_store::{Error, Expect, Options, Store};
use rand::RngExt;

use crate::item::{ITEM, KINDS, draft, open, value_of, what_comes};

/// Set for the process that is to be killed: where it writes.
const DIR: &str = "CORACLE_TEST_STORE_DIR";
/// How many processes are killed.
const KILLS: &str = "CORACLE_TEST_KILLS";
const WRITERS: u64 = 8;
const LIFE: Duration = Duration::from_millis(20);

/// A state of an object: value and claim, or absent.
type State = Option<(u64, String)>;

/// What the parent knows of the store.
#[derive(Default)]
struct Known {
    acknowledged: BTreeMap<String, State>,
    /// By writer: what it was about to do when it died.
    tried: HashMap<u64, (String, State)>,
    newest: u64,
    revisions: HashSet<u64>,
    acknowledgements: usize,
}

#[test]
fn nothing_acknowledged_is_lost() {
    let kills = std::env::var(KILLS).map_or(100, |kills| kills.parse().expect("a number of kills"));
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut known = Known::default();
    for _ in 0..kills {
        let mut victim = spawn(dir.path());
        known.listen_and_kill(&mut victim);
        runtime.block_on(known.check(dir.path()));
    }
    assert!(known.acknowledgements > kills, "the killed processes hardly wrote: {}", known.acknowledgements);
}

/// The process that is killed: it says what it tries and what was acknowledged, on stderr.
#[test]
#[ignore = "is spawned, and killed, by nothing_acknowledged_is_lost"]
fn victim() {
    let dir = std::env::var(DIR).expect("only the other test runs this one");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        // short, so that compaction is killed too
        let retention = Duration::from_millis(if rand::random() { 5 } else { 300_000 });
        let store = Store::open(Path::new(&dir), &KINDS, Options { history: 32, retention }).await.unwrap();
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            writers.spawn(write(store.clone(), writer));
        }
        writers.join_all().await;
    });
}

/// Writes its own names for ever, and fights with the others for claims.
async fn write(store: Store, writer: u64) {
    loop {
        let name = format!("w{writer}-{}", rand::rng().random_range(0..4));
        let key = Key::new("default", &name);
        let there = store.get(&ITEM, &key).is_some();
        let value = rand::rng().random_range(1..1_000_000);
        let claim = ["", "port/1", "port/2", "port/3"][rand::rng().random_range(0..4)];
        let delete = there && rand::rng().random_range(0..4) == 0;
        let state = if delete { "0 -".to_owned() } else { format!("{value} -{claim}") };
        say(format!("try {writer} {name} {state}\n"));
        let answer = match (delete, there) {
            (true, _) => store.delete(&ITEM, &key, Expect::default(), None).await,
            (_, true) => store.update(&ITEM, draft(&ITEM, &name, value, claim), Expect::default()).await,
            (_, false) => store.create(&ITEM, draft(&ITEM, &name, value, claim)).await,
        };
        match answer {
            Ok(object) => say(format!("ack {writer} {}\n", object.revision)),
            Err(Error::Claimed { .. }) => say(format!("not {writer}\n")),
            Err(error) => panic!("{error}"),
        }
    }
}

/// One write to the pipe, so that a line is there whole or not at all.
fn say(line: String) {
    std::io::stderr().write_all(line.as_bytes()).expect("the parent listens");
}

fn spawn(dir: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::victim", "--ignored", "--nocapture"]).env(DIR, dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

impl Known {
    /// Kills the victim some time after its first word, and hears the rest.
    fn listen_and_kill(&mut self, victim: &mut Child) {
        let mut lines = BufReader::new(victim.stderr.take().unwrap()).lines();
        let before = self.newest;
        let mut first = None;
        let mut killed = false;
        while let Some(line) = lines.next().transpose().unwrap() {
            if !killed && first.get_or_insert_with(Instant::now).elapsed() > LIFE {
                victim.kill().unwrap();
                killed = true;
            }
            self.hear(&line, before);
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        assert!(killed, "the victim ended on its own");
    }

    fn hear(&mut self, line: &str, before: u64) {
        let words: Vec<&str> = line.split(' ').collect();
        let [verb, writer, rest @ ..] = &words[..] else { panic!("{line}") };
        let writer: u64 = writer.parse().unwrap_or_else(|_| panic!("{line}"));
        match (*verb, rest) {
            ("try", [name, value, claim]) => {
                let value: u64 = value.parse().unwrap();
                let state = (value > 0).then(|| (value, claim[1..].to_owned()));
                self.tried.insert(writer, ((*name).to_owned(), state));
            }
            ("not", []) => drop(self.tried.remove(&writer)),
            ("ack", [revision]) => {
                let revision: u64 = revision.parse().unwrap();
                assert!(revision > before, "revision {revision} after {before} of the last process");
                assert!(self.revisions.insert(revision), "revision {revision} was given out twice");
                self.newest = self.newest.max(revision);
                let (name, state) = self.tried.remove(&writer).unwrap();
                self.acknowledged.insert(name, state);
                self.acknowledgements += 1;
            }
            _ => panic!("{line}"),
        }
    }

    /// Opens what the dead process left, and makes it what is known.
    async fn check(&mut self, dir: &Path) {
        let store = open(dir, 32).await;
        assert!(store.revision().0 >= self.newest);
        let found: BTreeMap<_, _> = store
            .snapshot(&ITEM)
            .iter_from(None)
            .map(|object| {
                let claim = object.meta.claims.first().map_or("", |claim| claim).to_owned();
                (object.key().name.to_string(), (value_of(object), claim))
            })
            .collect();
        for (name, state) in self.tried.drain().map(|(_, tried)| tried) {
            // not acknowledged: done or not done
            if found.get(&name) == state.as_ref() {
                self.acknowledged.insert(name, state);
            }
        }
        self.acknowledged.retain(|_, state| state.is_some());
        let expected = self.acknowledged.iter().filter_map(|(name, state)| Some((name.clone(), state.clone()?))).collect();
        assert_eq!(found, expected);
        let held: Vec<_> = found.values().map(|(_, claim)| claim).filter(|claim| !claim.is_empty()).collect();
        assert_eq!(held.iter().collect::<HashSet<_>>().len(), held.len(), "a claim is held twice: {found:?}");
        for claim in ["port/1", "port/2", "port/3"] {
            assert_eq!(store.claimed(claim), held.iter().any(|held| *held == claim));
        }
        replays(&store).await;
        self.newest = store.revision().0;
        store.close().await;
    }
}

/// The oldest history that is left, replayed, ends in the objects of now.
async fn replays(store: &Store) {
    let now = store.snapshot(&ITEM);
    let (mut watch, from) = match store.watch(&ITEM, Revision(0)) {
        Ok(watch) => (watch, Revision(0)),
        Err(Error::Compacted { oldest }) => (store.watch(&ITEM, oldest).unwrap(), oldest),
        Err(error) => panic!("{error}"),
    };
    // what did not change since then is there already
    let old = now.iter_from(None).filter(|object| object.revision <= from);
    let mut objects: BTreeMap<_, _> = old.map(|object| (object.key().clone(), object.bytes.clone())).collect();
    while watch.progress() < now.revision() {
        for event in what_comes(&mut watch).await {
            match event.kind {
                EventKind::Deleted => objects.remove(event.object.key()),
                _ => objects.insert(event.object.key().clone(), event.object.bytes.clone()),
            };
        }
    }
    let expected: BTreeMap<_, _> = now.iter_from(None).map(|object| (object.key().clone(), object.bytes.clone())).collect();
    assert_eq!(objects, expected);
}
