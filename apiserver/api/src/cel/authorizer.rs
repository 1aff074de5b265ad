//! `authorizer` in expressions: may the caller, or a ServiceAccount, do this or that.

use std::sync::Arc;

use kube_cel::cel::{Context, ExecutionError, Value, extractors::This, objects::Opaque};

/// What an expression asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Namespace and name of the ServiceAccount that is asked about; nobody: the caller.
    pub service_account: Option<(String, String)>,
    /// Of what is no resource.
    pub path: String,
    pub group: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    pub verb: String,
}

/// Whether it is allowed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    pub reason: String,
}

type Decide = dyn Fn(&Question) -> Decision + Send + Sync;

/// The value of `authorizer`, and of every question that is not asked yet.
#[derive(Clone)]
pub struct Authorizer {
    question: Question,
    decide: Arc<Decide>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer(Decision);

impl Authorizer {
    /// The value of the variable; `decide` answers each question.
    pub fn value(decide: impl Fn(&Question) -> Decision + Send + Sync + 'static) -> Value {
        Self { question: Question::default(), decide: Arc::new(decide) }.wrap()
    }

    /// The same, for what the request itself is about: `authorizer.requestResource`.
    pub fn about(question: Question, decide: impl Fn(&Question) -> Decision + Send + Sync + 'static) -> Value {
        Self { question, decide: Arc::new(decide) }.wrap()
    }

    fn wrap(self) -> Value {
        Value::Opaque(Arc::new(self))
    }

    fn of(value: &Value) -> Result<&Self, ExecutionError> {
        match value {
            Value::Opaque(opaque) => opaque.downcast_ref::<Self>().ok_or(ExecutionError::NoSuchOverload),
            _ => Err(ExecutionError::NoSuchOverload),
        }
    }

    fn with(value: &Value, change: impl FnOnce(&mut Question)) -> Result<Value, ExecutionError> {
        let mut next = Self::of(value)?.clone();
        change(&mut next.question);
        Ok(next.wrap())
    }
}

impl std::fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Authorizer").field(&self.question).finish()
    }
}

impl PartialEq for Authorizer {
    fn eq(&self, other: &Self) -> bool {
        self.question == other.question && Arc::ptr_eq(&self.decide, &other.decide)
    }
}

impl Eq for Authorizer {}

impl Opaque for Authorizer {
    fn runtime_type_name(&self) -> &str {
        "kubernetes.authorization.Authorizer"
    }
}

impl Opaque for Answer {
    fn runtime_type_name(&self) -> &str {
        "kubernetes.authorization.Decision"
    }
}

/// The library's functions (`staging/src/k8s.io/apiserver/pkg/cel/library/authz.go`).
pub(super) fn register(context: &mut Context<'_>) {
    type Text = Arc<String>;
    type Made = Result<Value, ExecutionError>;
    context.add_function("path", |This(asked): This<Value>, path: Text| -> Made {
        Authorizer::with(&asked, |question| question.path = path.to_string())
    });
    context.add_function("group", |This(asked): This<Value>, group: Text| -> Made {
        Authorizer::with(&asked, |question| question.group = group.to_string())
    });
    context.add_function("serviceAccount", |This(asked): This<Value>, namespace: Text, name: Text| -> Made {
        Authorizer::with(&asked, |question| question.service_account = Some((namespace.to_string(), name.to_string())))
    });
    context.add_function("resource", |This(asked): This<Value>, resource: Text| -> Made {
        Authorizer::with(&asked, |question| question.resource = resource.to_string())
    });
    context.add_function("subresource", |This(asked): This<Value>, subresource: Text| -> Made {
        Authorizer::with(&asked, |question| question.subresource = subresource.to_string())
    });
    context.add_function("namespace", |This(asked): This<Value>, namespace: Text| -> Made {
        Authorizer::with(&asked, |question| question.namespace = namespace.to_string())
    });
    context.add_function("name", |This(asked): This<Value>, name: Text| -> Made {
        Authorizer::with(&asked, |question| question.name = name.to_string())
    });
    context.add_function("check", |This(asked): This<Value>, verb: Text| -> Made {
        let mut asked = Authorizer::of(&asked)?.clone();
        asked.question.verb = verb.to_string();
        Ok(Value::Opaque(Arc::new(Answer((asked.decide)(&asked.question)))))
    });
    let answer = |value: &Value| -> Result<Decision, ExecutionError> {
        match value {
            Value::Opaque(opaque) => {
                opaque.downcast_ref::<Answer>().map(|answer| answer.0.clone()).ok_or(ExecutionError::NoSuchOverload)
            }
            _ => Err(ExecutionError::NoSuchOverload),
        }
    };
    context.add_function("allowed", move |This(value): This<Value>| -> Result<bool, ExecutionError> {
        Ok(answer(&value)?.allowed)
    });
    context.add_function("reason", move |This(value): This<Value>| -> Made {
        Ok(Value::String(Arc::new(answer(&value)?.reason)))
    });
    // The answer is at hand: asking cannot fail.
    context.add_function("errored", move |This(value): This<Value>| -> Result<bool, ExecutionError> {
        answer(&value).map(|_| false)
    });
    context.add_function("error", move |This(value): This<Value>| -> Made {
        answer(&value).map(|_| Value::String(Arc::default()))
    });
}
