/* The proxy, and what the files about it give to each other. */
#ifndef INSCOPE_PROXY_H
#define INSCOPE_PROXY_H

#include "slots.h"
#include "state.h"

typedef struct Proxy Proxy;

/* A way to the object: returns it, a strong reference; NULL if there is none, with
 * the error that came out of looking for it, or without one if nothing is bound. */
typedef PyObject *(*Way)(Proxy *proxy);

struct Proxy {
    PyObject_HEAD
    Way find;
    PyObject *holder; /* Owned: where to look. NULL before __init__. */
    PyObject *detail; /* Owned: of a Local, the name; else NULL. */
    PyObject *source; /* Owned: the Source, which knows what a failure means; or its
                       * unbound_message, from which one is made when it is needed. */
    PyObject *weakrefs; /* Owned by the interpreter. */
    vectorcallfunc vectorcall;
#ifdef Py_GIL_DISABLED
    Proxy *replaced_by; /* Owned: what a second __init__ made of it, or NULL. */
#endif
};

/* ways.c: finding the object */
Way way_named(PyObject *name);
PyObject *find_nothing(Proxy *proxy);
PyObject *find_in_context_var(Proxy *proxy);
void way_set(Proxy *proxy, Way find);
int way_take(Proxy *proxy, Way find, PyObject *holder, PyObject *detail, PyObject *source);
Proxy *way_holder(Proxy *proxy);

/* proxy.c */
int proxy_check(PyObject *object);
int local_proxy_check(PyObject *object);
State *proxy_state(PyObject *proxy);
int proxy_unbound(PyObject *proxy);
PyObject *proxy_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);
PyObject *local_proxy_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);
PyObject *local_proxy_init_subclass(PyObject *cls, PyObject *args, PyObject *kwargs);
int proxy_traverse(PyObject *self, visitproc visit, void *arg);
int proxy_clear(PyObject *self);
void proxy_dealloc(PyObject *self);
int proxy_add_types(PyObject *module, State *state);

/* After a resolution that failed: what helper(proxy, source, error[, name]), which is
 * Python's, returns or raises. */
PyObject *proxy_answer(PyObject *proxy, PyObject *helper, PyObject *name);

/* attributes.c */
PyObject *proxy_getattro(PyObject *proxy, PyObject *name);
int proxy_setattro(PyObject *proxy, PyObject *name, PyObject *value);
int proxy_allow_own_attributes(State *state);

static inline PyObject *
context_var_value(PyObject *var)
{
    PyObject *found = NULL;
    (void)PyContextVar_Get(var, NULL, &found); /* NULL after an error, too */
    return found;
}

/* What may be the object, looked for. As a Way; the shortest one is taken in line. */
static inline PyObject *
proxy_resolve(PyObject *self)
{
    Proxy *proxy = (Proxy *)self;
#ifdef Py_GIL_DISABLED
    Way find = (Way)_Py_atomic_load_ptr_acquire((void **)&proxy->find);
#else
    Way find = proxy->find;
#endif
    return LIKELY(find == find_in_context_var) ? context_var_value(proxy->holder)
                                              : find(proxy);
}

/* Replace the error of the resolution that failed by what the user sees: proxy.c. */
void proxy_explain(PyObject *self);

/* The object; NULL with what the user sees raised. */
static inline PyObject *
proxy_target(PyObject *self)
{
    PyObject *found = proxy_resolve(self);
    if (found == NULL) {
        proxy_explain(self);
    }
    return found;
}

/* What is done with the object is done between proxy_begin() and proxy_end(): the object
 * may be a proxy, and one that leads back here, of which there is no end but by the
 * interpreter's limit. As with resolving, NULL is with what the user sees raised. */
static inline int
may_lead_back(PyObject *target)
{
    return Py_TYPE(target)->tp_getattro == proxy_getattro;
}

/* Takes the reference; NULL if there are too many already. */
static inline PyObject *
proxy_begin_with(PyObject *target)
{
    if (may_lead_back(target) && Py_EnterRecursiveCall(" while using a LocalProxy")) {
        Py_CLEAR(target);
    }
    return target;
}

static inline PyObject *
proxy_begin(PyObject *self)
{
    PyObject *target = proxy_target(self);
    return target == NULL ? NULL : proxy_begin_with(target);
}

static inline void
proxy_end(PyObject *target)
{
    if (may_lead_back(target)) {
        Py_LeaveRecursiveCall();
    }
    Py_DECREF(target);
}

/* Given to each type: one that is made from a spec inherits no tp_dealloc. */
#define LIFE_SLOTS                                                             \
    {Py_tp_dealloc, proxy_dealloc}, {Py_tp_traverse, proxy_traverse},          \
        {Py_tp_clear, proxy_clear}

/* operators.c and protocols.c: proxy_name() for each "__name__" of slots.h. */
#define UNARY(slot, name) PyObject *proxy_##name(PyObject *self);
#define BINARY(slot, name) PyObject *proxy_##name(PyObject *left, PyObject *right);
#define ONE_SIDED(slot, name)                                                  \
    PyObject *forward_##name(PyObject *self, PyObject *other);                 \
    PyObject *reflect_##name(PyObject *self, PyObject *other);
#define ALONE(name) PyObject *proxy_##name(PyObject *self, PyObject *ignored);
#define WITH_ONE(name) PyObject *proxy_##name(PyObject *self, PyObject *other);
#define WITH_SOME(name)                                                        \
    PyObject *proxy_##name(PyObject *self, PyObject *const *args, Py_ssize_t count);
UNARY_SLOTS(UNARY)
BINARY_SLOTS(BINARY)
BINARY_SLOTS(ONE_SIDED)
INPLACE_SLOTS(BINARY)
NAMED_ALONE(ALONE)
NAMED_WITH_ONE(WITH_ONE)
NAMED_WITH_SOME(WITH_SOME)
ALONE(fspath)
#undef UNARY
#undef BINARY
#undef ONE_SIDED
#undef ALONE
#undef WITH_ONE
#undef WITH_SOME
PyObject *proxy_richcompare(PyObject *self, PyObject *other, int operation);
Py_hash_t proxy_hash(PyObject *self);
int proxy_bool(PyObject *self);
PyObject *proxy_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf,
                           PyObject *names);
Py_ssize_t proxy_len(PyObject *self);
PyObject *proxy_getitem(PyObject *self, PyObject *key);
PyObject *proxy_item(PyObject *self, Py_ssize_t index);
int proxy_setitem(PyObject *self, PyObject *key, PyObject *value);
int proxy_setindex(PyObject *self, Py_ssize_t index, PyObject *value);
int proxy_contains(PyObject *self, PyObject *item);
PyObject *proxy_next(PyObject *self);
PyObject *proxy_pow(PyObject *base, PyObject *exponent, PyObject *modulo);
PyObject *forward_pow(PyObject *self, PyObject *other, PyObject *modulo);
PyObject *reflect_pow(PyObject *self, PyObject *other, PyObject *modulo);
PyObject *proxy_ipow(PyObject *self, PyObject *exponent, PyObject *modulo);
int proxy_getbuffer(PyObject *self, Py_buffer *view, int flags);

/* shape.c */
extern PyType_Slot proxy_operator_slots[];
extern PyType_Slot proxy_unclaimed_slots[];
PyObject *shape_methods(State *state);

#endif
