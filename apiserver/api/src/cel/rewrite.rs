//! Which names an expression mentions, and the objects it makes: the interpreter knows maps only.

use std::collections::BTreeSet;

use kube_cel::cel::{
    IdedExpr,
    common::ast::{EntryExpr, Expr, IdedEntryExpr, LiteralValue, MapEntryExpr, MapExpr, operators},
};

/// The parts of an expression, in the order of writing.
fn children(tree: &mut IdedExpr) -> Vec<&mut IdedExpr> {
    match &mut tree.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
        Expr::Call(call) => call.target.as_deref_mut().into_iter().chain(&mut call.args).collect(),
        Expr::Comprehension(fold) => {
            vec![&mut fold.iter_range, &mut fold.accu_init, &mut fold.loop_cond, &mut fold.loop_step, &mut fold.result]
        }
        Expr::List(list) => list.elements.iter_mut().collect(),
        Expr::Map(map) => map.entries.iter_mut().flat_map(entry).collect(),
        Expr::Select(select) => vec![&mut select.operand],
        Expr::Struct(made) => made.entries.iter_mut().flat_map(entry).collect(),
    }
}

fn entry(entry: &mut IdedEntryExpr) -> Vec<&mut IdedExpr> {
    match &mut entry.expr {
        EntryExpr::StructField(field) => vec![&mut field.value],
        EntryExpr::MapEntry(pair) => vec![&mut pair.key, &mut pair.value],
    }
}

/// What the interpreter cannot do in the way it was written, in one that it can: `Object{spec: …}` becomes `{"spec": …}` (what an
/// object of a policy is, its place in the schema says), `a.?b` becomes `a[?"b"]`, which alone minds that `b` may be missing.
pub(super) fn plain(tree: &mut IdedExpr) {
    children(tree).into_iter().for_each(plain);
    if let Expr::Call(call) = &mut tree.expr
        && call.func_name == operators::OPT_SELECT
    {
        call.func_name = operators::OPT_INDEX.to_owned();
    }
    if let Expr::Select(select) = &tree.expr
        && select.field == "requestResource"
        && matches!(&select.operand.expr, Expr::Ident(name) if name == "authorizer")
    {
        tree.expr = Expr::Ident(REQUEST_RESOURCE.to_owned());
    }
    let Expr::Struct(made) = &mut tree.expr else { return };
    let entries = std::mem::take(&mut made.entries).into_iter().map(|entry| match entry.expr {
        EntryExpr::StructField(field) => {
            let name = IdedExpr { id: entry.id, expr: Expr::Literal(LiteralValue::String(field.field.into())) };
            let pair = MapEntryExpr { key: name, value: field.value, optional: field.optional };
            IdedEntryExpr { id: entry.id, expr: EntryExpr::MapEntry(pair) }
        }
        EntryExpr::MapEntry(_) => entry,
    });
    tree.expr = Expr::Map(MapExpr { entries: entries.collect() });
}

/// A variable of its own: an opaque value has no fields.
pub const REQUEST_RESOURCE: &str = "authorizer.requestResource";

/// Every name that no macro of the expression itself gives a value, e.g. `object`.
pub(super) fn free_variables(tree: &IdedExpr) -> BTreeSet<String> {
    let mut free = BTreeSet::new();
    collect(&mut tree.clone(), &mut Vec::new(), &mut free);
    free
}

fn collect(tree: &mut IdedExpr, bound: &mut Vec<String>, free: &mut BTreeSet<String>) {
    match &mut tree.expr {
        Expr::Ident(name) => {
            let name = if name == REQUEST_RESOURCE { "authorizer" } else { name.as_str() };
            if !bound.iter().any(|known| known == name) && !TYPES.contains(&name) {
                free.insert(name.to_owned());
            }
        }
        Expr::Comprehension(fold) => {
            collect(&mut fold.iter_range, bound, free);
            collect(&mut fold.accu_init, bound, free);
            let before = bound.len();
            bound.extend([fold.iter_var.clone(), fold.accu_var.clone()]);
            bound.extend(fold.iter_var2.clone());
            for part in [&mut fold.loop_cond, &mut fold.loop_step, &mut fold.result] {
                collect(part, bound, free);
            }
            bound.truncate(before);
        }
        // A library of functions (`math.greatest`) looks like a variable that has a method.
        Expr::Call(call) => {
            let library = call.target.as_deref().is_some_and(|target| {
                matches!(&target.expr, Expr::Ident(name) if LIBRARIES.contains(&name.as_str()) && !bound.contains(name))
            });
            if let Some(target) = call.target.as_deref_mut().filter(|_| !library) {
                collect(target, bound, free);
            }
            call.args.iter_mut().for_each(|argument| collect(argument, bound, free));
        }
        _ => children(tree).into_iter().for_each(|child| collect(child, bound, free)),
    }
}

const LIBRARIES: [&str; 7] = ["math", "sets", "format", "base64", "optional", "jsonpatch", "cel"];
const TYPES: [&str; 13] =
    ["bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "timestamp", "duration", "type", "uint"];
