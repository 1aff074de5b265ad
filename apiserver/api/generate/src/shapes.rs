//! The types whose JSON is not an object of their fields.

/// Full names.
const SHAPES: &[(&str, &str)] = &[
    ("io.k8s.apimachinery.pkg.api.resource.Quantity", "quantity"),
    ("io.k8s.apimachinery.pkg.api.resource.QuantityValue", "quantity"),
    ("io.k8s.apimachinery.pkg.util.intstr.IntOrString", "int-or-string"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", "time"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Timestamp", "time"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", "micro-time"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Duration", "duration"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "json-object"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Verbs", "strings"),
    ("io.k8s.apimachinery.pkg.runtime.RawExtension", "raw"),
];
/// Last segments: every version has them.
const SHAPES_ANYWHERE: &[(&str, &str)] = &[
    ("ExtraValue", "strings"),
    ("JSON", "json"),
    ("JSONSchemaPropsOrBool", "or-bool"),
    ("JSONSchemaPropsOrArray", "or-array"),
    ("JSONSchemaPropsOrStringArray", "or-strings"),
];

/// How JSON writes the type, if not as an object.
pub(crate) fn shape(name: &str) -> Option<&'static str> {
    let last = name.rsplit('.').next().unwrap_or_default();
    let exact = SHAPES.iter().find(|(n, _)| *n == name);
    exact.or_else(|| SHAPES_ANYWHERE.iter().find(|(n, _)| *n == last)).map(|(_, shape)| *shape)
}
