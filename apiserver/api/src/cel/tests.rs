//! What expressions of policies rely on.

use serde_json::json;

use super::*;
use crate::schema;

fn evaluate(text: &str) -> Result<Value, String> {
    let mut scope = Scope::default();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "a", "namespace": "n", "creationTimestamp": "2024-01-01T00:00:00Z", "labels": { "a-b/c": "d" } },
        "spec": { "containers": [{ "name": "c", "image": "i:latest", "resources": { "limits": { "cpu": "100m" } } }] },
    });
    scope.set("object", schema::find("io.k8s.api.core.v1.Pod"), &pod);
    scope.set("oldObject", None, &Value::Null);
    let expression = Expression::compile(text, &["object", "oldObject"])?;
    scope.evaluate(&expression).map(|value| to_json(&value))
}

#[test]
fn expressions_of_policies() {
    let cases = [
        ("object.spec.containers.all(c, c.image.endsWith(':latest'))", json!(true)),
        ("has(object.metadata.labels) && 'a-b/c' in object.metadata.labels", json!(true)),
        ("object.metadata.namespace == 'n' && object.metadata.__namespace__ == 'n'", json!(true)),
        ("object.metadata.creationTimestamp < timestamp('2025-01-01T00:00:00Z')", json!(true)),
        ("oldObject == null", json!(true)),
        ("quantity(object.spec.containers[0].resources.limits.cpu).isLessThan(quantity('1'))", json!(true)),
        ("object.?spec.?replicas.orValue(3)", json!(3)),
        ("has(object.spec.nodeName) ? 'yes' : 'no'", json!("no")),
        (
            "Object{spec: Object.spec{replicas: 1, nested: [Object.spec.nested{a: 'b'}]}}",
            json!({ "spec": { "replicas": 1, "nested": [{ "a": "b" }] } }),
        ),
        (
            "[JSONPatch{op: 'add', path: '/metadata/labels/x', value: 'y'}]",
            json!([{ "op": "add", "path": "/metadata/labels/x", "value": "y" }]),
        ),
        ("object.spec.containers.map(c, c.name)", json!(["c"])),
        ("math.greatest(1, 2)", json!(2)),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let cases = [
        ("object.spec.replicas > 1", "no such key: replicas"),
        (
            "nobody.spec",
            "compilation failed: ERROR: <input>:1:1: undeclared reference to 'nobody' (in container '')\n | nobody.spec\n | ^",
        ),
        ("1 / 0", "division by zero"),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text), Err(expected.to_owned()), "{text}");
    }
    assert!(
        evaluate("object.").unwrap_err().starts_with("compilation failed: ERROR: <input>:1:8: Syntax error"),
        "{:?}",
        evaluate("object.")
    );
}

/// The interpreter is somebody else's, and a panic would end the server.
#[test]
fn nothing_that_can_be_written_ends_the_server() {
    let cases = [
        "duration('9999999999999h')",
        "duration('106751991167300d')",
        "duration('1h') + duration('9223372036s') + duration('9223372036s') + duration('9223372036s')",
        "timestamp('9999-12-31T23:59:59Z') + duration('9000000h')",
        "timestamp('9999-12-31T23:59:59Z') + duration('9000000h') + duration('900000000h')",
        "timestamp('0001-01-01T00:00:00Z') - duration('900000h')",
        "timestamp('x')",
        "timestamp(99999999999999999)",
        "timestamp('2024-01-01T00:00:00Z').getHours('Nowhere')",
        "-9223372036854775808 / -1",
        "-9223372036854775808 % -1",
        "9223372036854775807 + 1",
        "9223372036854775807 * 2",
        "-9223372036854775807 - 9",
        "1 % 0",
        "1u / 0u",
        "0u - 1u",
        "[1][99]",
        "[1][-1]",
        "{1.5: 'a'}",
        "{'a': 1}['b']",
        "{}['a']",
        "[1, 2][1.5]",
        "int('99999999999999999999')",
        "int(1e300)",
        "uint(-1)",
        "uint(1e300)",
        "int('x')",
        "double('x')",
        "string([1])",
        "bytes('a') + bytes('b')",
        "'a'.substring(5)",
        "'a'.substring(-1)",
        "'a'.substring(1, 0)",
        "'ü'.substring(1)",
        "'ü'.charAt(1)",
        "'a'.charAt(-1)",
        "'a'.indexOf('b', 99)",
        "'a'.indexOf('', -1)",
        "'a'.lastIndexOf('a', 99)",
        "'a'.replace('', 'b', -1)",
        "'a'.split('', 0)",
        "'a,b'.split(',', -1)",
        "['a', 'b'].join()",
        "'a'.matches('(')",
        "'a'.find('[')",
        "'a'.findAll('(', 3)",
        "'%d'.format(['a'])",
        "'%s %s'.format(['a'])",
        "'%'.format([])",
        "'%.999f'.format([1.0])",
        "'%z'.format([1])",
        "'%b'.format([-9223372036854775808])",
        "'%x'.format(['ü'])",
        "'%e'.format([1.0])",
        "quantity('x')",
        "quantity('1').add(quantity('9223372036854775807'))",
        "quantity('9223372036854775807').add(1)",
        "quantity('-1').sub(quantity('9223372036854775807'))",
        "quantity('1e400')",
        "quantity('1').asInteger()",
        "quantity('1.5').asInteger()",
        "quantity('1Ei').asApproximateFloat()",
        "url('x')",
        "url('https://a b')",
        "ip('x')",
        "cidr('1.2.3.4/99')",
        "cidr('1.2.3.4/8').containsIP('x')",
        "semver('x')",
        "isSemver('1.2.3')",
        "format.named('x')",
        "format.dns1123Label().value().validate('A')",
        "math.bitShiftLeft(1, 100)",
        "math.bitShiftRight(1, -1)",
        "math.greatest([])",
        "math.abs(-9223372036854775808)",
        "math.round(1e300)",
        "math.ceil(0.0/0.0)",
        "lists.range(-1)",
        "[].sum()",
        "[].min()",
        "[].max()",
        "['a', 1].isSorted()",
        "[1, 'a'].sum()",
        "[1].indexOf('a')",
        "sets.contains([1], 'a')",
        "base64.decode('*')",
        "base64.encode(b'a')",
        "optional.none().value()",
        "optional.of(1).or(2)",
        "optional.none()[0]",
        "[?optional.none()]",
        "{?'a': optional.none()}",
        "has(object.spec)",
        "has({}.a)",
        "object.spec.containers.exists_one(c, c.x)",
        "type(1)",
        "dyn(1)",
        "'a' < 1",
        "null < 1",
        "!1",
        "-'a'",
        "true && 1",
        "1 || true",
        "1 ? 2 : 3",
        "'a' in 'b'",
        "1 in {'a': 1}",
        "object.spec.containers.map(c, c.name == 'c', c.nope)",
        "[[1]].map(x, x[9])",
        "{'a': 1}.map(k, k)",
        "[1, 2].all(i, v, i < v)",
        "object()",
        "object.a()",
        "nothing(1)",
        "size(1)",
        "size(null)",
        "Object{a: Object{}.a}",
        "Object{a: 1}.b",
        "JSONPatch{}",
        "[1,2,3].reverse()",
        "[1].slice(0, 9)",
        "[1].slice(-1, 0)",
        "'abc'.reverse()",
        "[[1]].flatten(-1)",
        "strings.quote('a')",
    ];
    let panics = |text: &&str| std::panic::catch_unwind(|| drop(evaluate(text))).is_err();
    let bad: Vec<&str> = cases.into_iter().filter(panics).collect();
    assert_eq!(bad, Vec::<&str>::new());
}

/// As deep as the stack of a thread that serves requests allows, and no deeper.
#[test]
fn deep_expressions_are_refused() {
    let makers: [fn(usize) -> String; 5] = [
        |n| format!("1{}", "+1".repeat(n)),
        |n| format!("{}1{}", "[".repeat(n), "]".repeat(n)),
        |n| format!("object{}", ".a".repeat(n)),
        |n| format!("{}true", "!".repeat(n)),
        |n| format!("true{}", "&&true".repeat(n)),
    ];
    for make in makers {
        for (depth, refused) in [(10, false), (480, false), (DEEPEST + 1, true), (100_000, true)] {
            let text = make(depth);
            let evaluate = move || evaluate(&text).err().is_some_and(|why| why.contains("recursion limit exceeded"));
            let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(evaluate).unwrap();
            assert_eq!(thread.join().unwrap(), refused, "{} {depth}", &make(3));
        }
    }
    let quoted = format!("'{}'.size() > 0", "+".repeat(5000));
    assert_eq!(evaluate(&quoted), Ok(json!(true)), "what is quoted nests nothing");
}
