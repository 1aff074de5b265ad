//! The store against a model, with random writes, restarts, lists and watches.

use std::collections::{BTreeMap, BTreeSet};

use api::{EventKind, Key, Kind, Revision};
use coracle_store::{Error, Expect, Snapshot, Store, Watch};
use futures::future::join_all;
use proptest::{collection::vec, prelude::*};

use crate::item::{GADGET, ITEM, draft, open, value_of, what_comes};

/// Events a ring keeps. As long as a burst, so that a watch read after each burst never falls behind, and shorter than a
/// run, so that others start in the log.
const HISTORY: usize = 6;

#[derive(Clone, Debug)]
enum Step {
    /// Sent at once: one transaction, or a few.
    Burst(Vec<Op>),
    Restart,
}

#[derive(Clone, Debug)]
struct Op {
    kind: usize,
    name: u8,
    action: Action,
    expect: Expectation,
    claim: u8,
    value: u64,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Create,
    Update,
    Delete,
}

#[derive(Clone, Copy, Debug)]
enum Expectation {
    Anything,
    /// What the model has before the burst: wrong if the burst wrote the object before.
    Known,
    WrongUid,
}

type State = BTreeMap<(usize, String), Row>;

#[derive(Clone, Debug, PartialEq)]
struct Row {
    revision: u64,
    value: u64,
    claim: String,
}

/// What a watch must say.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    revision: u64,
    kind: EventKind,
    name: String,
    value: u64,
    previous: Option<u64>,
}

#[derive(Default)]
struct Model {
    state: State,
    /// `states[r]` is the state at revision r.
    states: Vec<State>,
    /// What happened to each kind.
    said: [Vec<Said>; 2],
}

static ROWS: [&Kind; 2] = [&ITEM, &GADGET];

fn op() -> impl Strategy<Value = Op> {
    let action = prop_oneof![3 => Just(Action::Create), 3 => Just(Action::Update), 2 => Just(Action::Delete)];
    let expect = prop_oneof![
        3 => Just(Expectation::Anything), 2 => Just(Expectation::Known), 1 => Just(Expectation::WrongUid)
    ];
    (0..2_usize, 0..4_u8, action, expect, 0..4_u8, 0..3_u64).prop_map(|(kind, name, action, expect, claim, value)| Op {
        kind,
        name,
        action,
        expect,
        claim,
        value,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![8 => vec(op(), 1..=HISTORY).prop_map(Step::Burst), 1 => Just(Step::Restart)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_its_model(steps in vec(step(), 1..20), from in any::<prop::sample::Index>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps, &from));
    }
}

async fn run(steps: Vec<Step>, from: &prop::sample::Index) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path(), HISTORY).await;
    let mut model = Model { states: vec![State::new()], ..Model::default() };
    let mut follower = Follower::start(&store);
    for step in steps {
        match step {
            Step::Burst(ops) => burst(&store, &mut model, ops).await,
            Step::Restart => {
                follower.check(&store).await;
                store.close().await;
                store = open(dir.path(), HISTORY).await;
                follower = Follower::resume(&store, follower);
            }
        }
        compare(&store, &model);
        follower.check(&store).await;
    }
    replay(&store, &model, from.index(model.states.len())).await;
    let at = from.index(model.states.len());
    // the state at an old revision is right, or refused because the ring is too short for it
    match store.snapshot_at(&ITEM, Revision(at as u64)) {
        Ok(snapshot) => assert_eq!(rows(&snapshot), of_kind(&model.states[at], 0)),
        Err(Error::Compacted { oldest }) => assert!(oldest.0 > at as u64),
        Err(error) => panic!("{error}"),
    }
    store.close().await;
}

async fn burst(store: &Store, model: &mut Model, ops: Vec<Op>) {
    let expects: Vec<Expect> = ops.iter().map(|op| model.expect(op)).collect();
    let answers = join_all(ops.iter().zip(&expects).map(|(op, expect)| write(store, op, expect.clone()))).await;
    for ((op, expect), answer) in ops.iter().zip(&expects).zip(answers) {
        assert_eq!(answer, model.apply(op, expect), "{op:?} expecting {expect:?}");
    }
}

/// The revision of the answer, or the name of the refusal.
async fn write(store: &Store, op: &Op, expect: Expect) -> Result<u64, &'static str> {
    let kind = ROWS[op.kind];
    let draft = draft(kind, &op.name(), op.value, &op.claim());
    let answer = match op.action {
        Action::Create => store.create(kind, draft).await,
        Action::Update => store.update(kind, draft, expect).await,
        Action::Delete => store.delete(kind, &Key::new("default", &op.name()), expect, None).await,
    };
    answer.map(|object| object.revision.0).map_err(|error| match error {
        Error::NotFound { .. } => "not found",
        Error::AlreadyExists { .. } => "exists",
        Error::Conflict { .. } => "conflict",
        Error::UidMismatch { .. } => "uid",
        Error::Claimed { .. } => "claimed",
        error => panic!("{error}"),
    })
}

/// Memory shows what the model has, claims included.
fn compare(store: &Store, model: &Model) {
    assert_eq!(store.revision().0, model.states.len() as u64 - 1);
    for (kind, row) in ROWS.iter().enumerate() {
        assert_eq!(rows(&store.snapshot(row)), of_kind(&model.state, kind));
    }
    let held: BTreeSet<_> = model.state.values().map(|row| row.claim.as_str()).collect();
    for claim in 0..4 {
        let claim = claim_name(claim);
        assert_eq!(store.claimed(&claim), !claim.is_empty() && held.contains(claim.as_str()), "{claim}");
    }
}

/// A watch from any revision says what happened since, from the log and the ring alike.
async fn replay(store: &Store, model: &Model, from: usize) {
    for (kind, row) in ROWS.iter().enumerate() {
        let expected: Vec<_> = model.said[kind].iter().filter(|said| said.revision > from as u64).cloned().collect();
        let mut watch = store.watch(row, Revision(from as u64)).unwrap();
        assert_eq!(read(&mut watch, expected.len()).await, expected);
        assert_eq!(watch.progress(), if expected.is_empty() { watch.progress() } else { store.revision() });
    }
}

async fn read(watch: &mut Watch, count: usize) -> Vec<Said> {
    let mut said = Vec::new();
    while said.len() < count {
        said.extend(watch.next().await.unwrap().iter().map(|event| Said {
            revision: event.revision().0,
            kind: event.kind,
            name: event.object.key().name.to_string(),
            value: value_of(&event.object),
            previous: event.previous.as_ref().map(|object| value_of(object)),
        }));
    }
    said
}

/// A list and the watch that follows it: together always the list of now.
struct Follower {
    watch: Watch,
    rows: BTreeMap<String, (u64, u64)>,
    seen: u64,
}

impl Follower {
    fn start(store: &Store) -> Self {
        let snapshot = store.snapshot(&ITEM);
        let watch = store.watch(&ITEM, snapshot.revision()).unwrap();
        Self { watch, rows: rows(&snapshot), seen: snapshot.revision().0 }
    }

    fn resume(store: &Store, before: Self) -> Self {
        Self { watch: store.watch(&ITEM, Revision(before.seen)).unwrap(), ..before }
    }

    async fn check(&mut self, store: &Store) {
        let now = store.snapshot(&ITEM);
        while self.watch.progress() < now.revision() {
            for event in what_comes(&mut self.watch).await {
                assert!(event.revision().0 > self.seen);
                self.seen = event.revision().0;
                let name = event.object.key().name.to_string();
                match event.kind {
                    EventKind::Deleted => self.rows.remove(&name),
                    _ => self.rows.insert(name, (self.seen, value_of(&event.object))),
                };
            }
        }
        assert_eq!(self.rows, rows(&now));
    }
}

impl Op {
    fn name(&self) -> String {
        format!("n{}", self.name)
    }

    fn claim(&self) -> String {
        claim_name(self.claim)
    }
}

fn claim_name(number: u8) -> String {
    if number == 0 { String::new() } else { format!("port/{number}") }
}

fn rows(snapshot: &Snapshot) -> BTreeMap<String, (u64, u64)> {
    let row = |object: &std::sync::Arc<api::Object>| (object.key().name.to_string(), (object.revision.0, value_of(object)));
    snapshot.iter_from(None).map(row).collect()
}

fn of_kind(state: &State, kind: usize) -> BTreeMap<String, (u64, u64)> {
    let rows = state.iter().filter(|((of, _), _)| *of == kind);
    rows.map(|((_, name), row)| (name.clone(), (row.revision, row.value))).collect()
}

impl Model {
    fn expect(&self, op: &Op) -> Expect {
        match op.expect {
            Expectation::Anything => Expect::default(),
            Expectation::Known => {
                let known = self.state.get(&(op.kind, op.name()));
                Expect { revision: known.map(|row| Revision(row.revision)), uid: None }
            }
            Expectation::WrongUid => Expect { revision: None, uid: Some("nobody".into()) },
        }
    }

    fn apply(&mut self, op: &Op, expect: &Expect) -> Result<u64, &'static str> {
        let at = (op.kind, op.name());
        let current = self.state.get(&at).cloned();
        match (op.action, &current) {
            (Action::Create, Some(_)) => return Err("exists"),
            (Action::Update | Action::Delete, None) => return Err("not found"),
            (Action::Update | Action::Delete, Some(row)) => {
                if expect.uid.is_some() {
                    return Err("uid");
                }
                if expect.revision.is_some_and(|revision| revision.0 != row.revision) {
                    return Err("conflict");
                }
            }
            (Action::Create, None) => {}
        }
        let revision = self.states.len() as u64;
        let mut row = Row { revision, value: op.value, claim: op.claim() };
        let kind = match op.action {
            Action::Create => EventKind::Added,
            Action::Update => EventKind::Modified,
            Action::Delete => EventKind::Deleted,
        };
        if kind == EventKind::Deleted {
            row.value = current.as_ref().map_or(0, |row| row.value);
            self.state.remove(&at);
        } else {
            if let Some(before) = &current
                && (before.value, &before.claim) == (row.value, &row.claim)
            {
                return Ok(before.revision);
            }
            let held = |(other, held): (&(usize, String), &Row)| *other != at && held.claim == row.claim;
            if !row.claim.is_empty() && self.state.iter().any(held) {
                return Err("claimed");
            }
            self.state.insert(at.clone(), row.clone());
        }
        self.states.push(self.state.clone());
        let previous = current.map(|row| row.value);
        self.said[op.kind].push(Said { revision, kind, name: at.1, value: row.value, previous });
        Ok(revision)
    }
}
