//! Which methods a call runs, in which order: filters first, then the implementations, most specific first.
//!
//! An implementation reached on several ways stands where it is reached last. What a class mixes in comes before what objects
//! and classes say themselves.

use std::collections::HashSet;
use std::rc::Rc;

use super::method::{Body, Method};
use super::object::Object;
use crate::value::Value;

/// What is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Kind {
    /// A method, by a caller that sees exported ones only.
    Public,
    /// A method, by a caller that sees all.
    Any,
    Constructor,
    Destructor,
    /// The method that stands in for one that there is not.
    Unknown,
}

/// One call of a chain.
#[derive(Clone)]
pub(super) struct Link {
    pub method: Rc<Method>,
    pub is_filter: bool,
    /// The class that asked for the filter; None when it was the object.
    pub filter_class: Option<Rc<Object>>,
}

/// The calls that calling a method of an object comes to.
pub(super) struct Chain {
    pub links: Vec<Link>,
    pub kind: Kind,
    /// Whether `unknown` is called in place of a method that there is not.
    pub is_unknown: bool,
    /// Whether a filter of the object is the caller, so that the calls made from here are not filtered either.
    pub is_in_filter: bool,
    /// Whether the caller sees exported methods only.
    is_public: bool,
}

impl Chain {
    /// Whether the caller sees exported methods only.
    pub fn is_for_public(&self) -> bool {
        self.is_public
    }
}

/// Where the walk is.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Walk {
    /// The pass that collects what is mixed in.
    collects_mixins: bool,
    /// Whether a mixin was crossed on the way.
    is_mixed_in: bool,
    /// Whether the object itself mixes in what is looked at.
    is_object_mixin: bool,
    /// Whether it is settled that the caller may see the method.
    is_known: bool,
}

impl Walk {
    fn counts(self) -> bool {
        self.is_object_mixin || self.collects_mixins == self.is_mixed_in
    }

    fn mixed_in(mut self) -> Walk {
        self.is_mixed_in = true;
        self
    }
}

/// What is being looked for.
struct Wanted<'a> {
    name: &'a str,
    kind: Kind,
    is_filter: bool,
    filter_class: Option<&'a Rc<Object>>,
}

struct Builder {
    links: Vec<Link>,
    filter_count: usize,
}

impl Builder {
    /// Adds a method, or moves it to the end when it is there already.
    fn add(&mut self, method: &Rc<Method>, wanted: &Wanted<'_>, walk: Walk) {
        if matches!(method.body, Body::None) || !walk.counts() {
            return;
        }
        let known = self.links.iter().skip(self.filter_count).position(|link| {
            Rc::ptr_eq(&link.method, method) && link.is_filter == wanted.is_filter
        });
        if let Some(at) = known {
            let link = self.links.remove(self.filter_count + at);
            self.links.push(link);
            return;
        }
        self.links.push(Link {
            method: method.clone(),
            is_filter: wanted.is_filter,
            filter_class: wanted.filter_class.cloned(),
        });
    }

    /// Both passes over an object for one name.
    fn add_all(&mut self, object: &Rc<Object>, wanted: &Wanted<'_>) {
        for collects_mixins in [true, false] {
            self.add_simple(object, wanted, collects_mixins);
        }
    }

    fn add_simple(&mut self, object: &Rc<Object>, wanted: &Wanted<'_>, collects_mixins: bool) {
        let mut walk = Walk {
            collects_mixins,
            ..Walk::default()
        };
        if !matches!(wanted.kind, Kind::Constructor | Kind::Destructor) {
            let own = object.methods.borrow().get(wanted.name).cloned();
            if let Some(method) = &own {
                if wanted.kind == Kind::Public && !method.is_public.get() {
                    return;
                }
                walk.is_known = true;
            }
            let mixins = object.mixins.borrow().clone();
            for mixin in &mixins {
                self.add_class(mixin, wanted, walk.mixed_in());
            }
            if let Some(method) = &own {
                self.add(method, wanted, walk);
            }
        }
        self.add_class(&object.class(), wanted, walk);
    }

    /// The implementations that a class has and inherits.
    fn add_class(&mut self, class: &Rc<Object>, wanted: &Wanted<'_>, walk: Walk) {
        for (method, walk) in class_methods(class, wanted, walk).iter().rev() {
            self.add(method, wanted, *walk);
        }
    }

    /// The filters of an object.
    fn add_filters(&mut self, object: &Rc<Object>) {
        let mut done: Vec<Value> = Vec::new();
        let mixins = object.mixins.borrow().clone();
        for mixin in &mixins {
            for collects_mixins in [true, false] {
                let walk = Walk {
                    collects_mixins,
                    is_mixed_in: collects_mixins,
                    is_object_mixin: true,
                    is_known: false,
                };
                self.add_class_filters(object, mixin, walk, &mut done);
            }
        }
        let own = object.filters.borrow().clone();
        for filter in &own {
            self.add_filter(object, filter, None);
        }
        for collects_mixins in [true, false] {
            let walk = Walk {
                collects_mixins,
                ..Walk::default()
            };
            self.add_class_filters(object, &object.class(), walk, &mut done);
        }
    }

    fn add_filter(&mut self, object: &Rc<Object>, filter: &Value, class: Option<&Rc<Object>>) {
        let name = filter.str();
        let wanted = Wanted {
            name: &name,
            kind: Kind::Any,
            is_filter: true,
            filter_class: class,
        };
        self.add_all(object, &wanted);
    }

    fn add_class_filters(
        &mut self,
        object: &Rc<Object>,
        class: &Rc<Object>,
        walk: Walk,
        done: &mut Vec<Value>,
    ) {
        enum Step {
            Enter(Rc<Object>, Walk),
            Own(Rc<Object>, Walk),
        }
        let mut seen: HashSet<(*const Object, Walk)> = HashSet::new();
        let mut steps = vec![Step::Enter(class.clone(), walk)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(owner, walk) => {
                    if !seen.insert((Rc::as_ptr(&owner), walk)) {
                        continue;
                    }
                    let Some(class) = owner.class_part() else {
                        continue;
                    };
                    steps.push(Step::Own(owner, walk));
                    let mixins = class.mixins.borrow();
                    let entered = mixins.iter().rev();
                    steps.extend(entered.map(|mixin| Step::Enter(mixin.clone(), walk.mixed_in())));
                }
                Step::Own(owner, walk) => {
                    let Some(class) = owner.class_part() else {
                        continue;
                    };
                    let filters = class.filters.borrow().clone();
                    for filter in filters.iter().filter(|_| walk.counts()) {
                        if !done.iter().any(|known| known.same_text(filter)) {
                            done.push(filter.clone());
                            self.add_filter(object, filter, Some(&owner));
                        }
                    }
                    let superclasses = class.superclasses.borrow();
                    let entered = superclasses.iter().rev();
                    steps.extend(entered.map(|other| Step::Enter(other.clone(), walk)));
                }
            }
        }
    }
}

/// The implementations that a class has and inherits, last one first.
///
/// The walk goes from the end, so that what is reached again has its place already and need not be walked again: where classes
/// have many common ancestors there are very many ways.
fn class_methods(class: &Rc<Object>, wanted: &Wanted<'_>, walk: Walk) -> Vec<(Rc<Method>, Walk)> {
    enum Step {
        Enter(Rc<Object>, Walk),
        Add(Rc<Method>, Walk),
    }
    let mut found = Vec::new();
    let mut seen: HashSet<(*const Object, Walk)> = HashSet::new();
    let mut steps = vec![Step::Enter(class.clone(), walk)];
    while let Some(step) = steps.pop() {
        let (object, walk) = match step {
            Step::Add(method, walk) => {
                found.push((method, walk));
                continue;
            }
            Step::Enter(object, walk) => (object, walk),
        };
        if !seen.insert((Rc::as_ptr(&object), walk)) {
            continue;
        }
        let Some(class) = object.class_part() else {
            continue;
        };
        let mixins = class.mixins.borrow();
        steps.extend(
            mixins
                .iter()
                .map(|mixin| Step::Enter(mixin.clone(), walk.mixed_in())),
        );
        let own = match wanted.kind {
            Kind::Constructor => class.constructor.borrow().clone(),
            Kind::Destructor => class.destructor.borrow().clone(),
            _ => class.methods.borrow().get(wanted.name).cloned(),
        };
        let mut inherited = walk;
        if let Some(method) = own {
            if wanted.kind == Kind::Public && !walk.is_known && !method.is_public.get() {
                continue;
            }
            inherited.is_known = true;
            steps.push(Step::Add(method, walk));
        }
        let superclasses = class.superclasses.borrow();
        steps.extend(
            superclasses
                .iter()
                .map(|other| Step::Enter(other.clone(), inherited)),
        );
    }
    found
}

/// The chain of a call, from the cache or made. None when there is nothing to call.
pub(super) fn find(object: &Rc<Object>, name: &str, kind: Kind) -> Option<Rc<Chain>> {
    // While a filter runs, calls are not filtered, so there are two chains.
    if object.is_filtering.get() {
        return build(object, name, kind).map(Rc::new);
    }
    let class_part = object.class().class_part().filter(|_| object.is_plain());
    let cache = class_part
        .as_ref()
        .map_or(&object.cache, |class| &class.cache);
    let epoch = object.epoch.get();
    if cache.epoch.get() != epoch {
        cache.chains.borrow_mut().clear();
        cache.epoch.set(epoch);
    }
    let key = (kind, Rc::<str>::from(name));
    if let Some(chain) = cache.chains.borrow().get(&key) {
        return Some(chain.clone());
    }
    let chain = Rc::new(build(object, name, kind)?);
    // Names that no method has would fill memory.
    if !chain.is_unknown {
        cache.chains.borrow_mut().insert(key, chain.clone());
    }
    Some(chain)
}

fn build(object: &Rc<Object>, name: &str, kind: Kind) -> Option<Chain> {
    let mut builder = Builder {
        links: Vec::new(),
        filter_count: 0,
    };
    let is_in_filter = object.is_filtering.get();
    let wanted = |name, kind| Wanted {
        name,
        kind,
        is_filter: false,
        filter_class: None,
    };
    if kind == Kind::Unknown {
        builder.add_simple(object, &wanted(UNKNOWN, Kind::Any), true);
        builder.add_simple(object, &wanted(UNKNOWN, Kind::Any), false);
        return finish(builder, kind, true, is_in_filter);
    }
    if matches!(kind, Kind::Public | Kind::Any) && !is_in_filter {
        builder.add_filters(object);
    }
    let count = builder.links.len();
    builder.filter_count = count;
    builder.add_all(object, &wanted(name, kind));
    let is_unknown = builder.links.len() == count;
    if is_unknown {
        if matches!(kind, Kind::Constructor | Kind::Destructor) {
            return None;
        }
        builder.add_all(object, &wanted(UNKNOWN, Kind::Any));
        if builder.links.len() == count {
            return None;
        }
    }
    finish(builder, kind, is_unknown, is_in_filter)
}

/// The method called in place of one that there is not.
pub(super) const UNKNOWN: &str = "unknown";

fn finish(builder: Builder, kind: Kind, is_unknown: bool, is_in_filter: bool) -> Option<Chain> {
    (!builder.links.is_empty()).then_some(Chain {
        links: builder.links,
        kind,
        is_unknown,
        is_in_filter,
        is_public: kind != Kind::Any,
    })
}

/// The chain of `name` for an instance of `class` without anything of its own: what `info class call` shows.
pub(super) fn of_class(class: &Rc<Object>, name: &str) -> Option<Chain> {
    let probe = Rc::new(Object::probe(class));
    build(&probe, name, Kind::Public)
}
