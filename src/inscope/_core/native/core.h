/* What the files of the native core share: the state of the module, the proxy,
 * and what each file gives to the others. The map is in README.md.
 */
#ifndef INSCOPE_CORE_H
#define INSCOPE_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "compat.h"

/* Strings that are used as names, interned once for each module.
 * X(field, "text") */
#define STRINGS(X)                                                             \
    X(dunder_class, "__class__")                                               \
    X(dunder_doc, "__doc__")                                                   \
    X(dunder_enter, "__enter__")                                               \
    X(dunder_exit, "__exit__")                                                 \
    X(dunder_aenter, "__aenter__")                                             \
    X(dunder_aexit, "__aexit__")                                               \
    X(dunder_orig_class, "__orig_class__")                                     \
    X(dunder_wrapped, "__wrapped__")                                           \
    X(like, "like")

/* Functions written in Python, for what is not hot: errors, construction, odd
 * cases. ``native/__init__.py`` hands them over, by these names.
 * X(field) */
#define HELPERS(X)                                                             \
    X(prepare)           /* (proxy, *args, **kwargs) -> (source, var, resolve) */ \
    X(fail)              /* (proxy, source, error): raises what the user sees */  \
    X(fail_attribute)    /* (proxy, source, error, name) -> the answer, or raises */ \
    X(is_unbound)        /* (error) -> bool */                                    \
    X(unbound_attribute) /* (proxy, source, error, name) -> the answer */         \
    X(mro_entries)       /* (proxy, target) -> what __mro_entries__ is */         \
    X(make_shaped)       /* (cls, args, kwargs) -> a proxy of a shaped type */    \
    X(init_subclass)     /* (cls): gives a subclass attributes of its own */      \
    X(enter)                                                                   \
    X(leave)                                                                   \
    X(aenter)                                                                  \
    X(aleave)                                                                  \
    X(await_)                                                                  \
    X(trunc)                                                                   \
    X(floor)                                                                   \
    X(ceil)                                                                    \
    X(round)                                                                   \
    X(copy)                                                                    \
    X(deepcopy)                                                                \
    X(getitem)

typedef struct {
    PyTypeObject *bare_proxy;  /* Owned. */
    PyTypeObject *unclaimed;   /* Owned: between the two; see operators.c. */
    PyTypeObject *local_proxy; /* Owned. */
    PyObject *own;             /* Owned: the names that are a proxy's own. */
#define FIELD(name, ...) PyObject *name; /* Owned. */
    STRINGS(FIELD)
    HELPERS(FIELD)
#undef FIELD
} State;

extern struct PyModuleDef inscope_native_module;

/* A proxy. Python twin: _core/python/proxy.py.
 *
 * One of two ways leads to the object: a context variable, read directly, or a
 * function that is called. Both are NULL before __init__. */
typedef struct {
    PyObject_HEAD
    PyObject *var;     /* Owned: the ContextVar that holds the object; or NULL. */
    PyObject *resolve; /* Owned: returns the object; or NULL if var does. */
    PyObject *source;  /* Owned: the Source, which knows what a failure means. */
    PyObject *weakrefs; /* Owned by the interpreter. */
    vectorcallfunc vectorcall;
} Proxy;

/* proxy.c */
int proxy_check(PyObject *object);
State *proxy_state(PyObject *proxy);
PyObject *proxy_resolve(PyObject *proxy);
PyObject *proxy_target(PyObject *proxy);
int proxy_unbound(PyObject *proxy);
PyObject *proxy_getattro(PyObject *proxy, PyObject *name);
int proxy_setattro(PyObject *proxy, PyObject *name, PyObject *value);
PyObject *proxy_vectorcall(PyObject *proxy, PyObject *const *args, size_t nargsf,
                           PyObject *names);
PyObject *local_proxy_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);
PyObject *local_proxy_init_subclass(PyObject *cls, PyObject *args, PyObject *kwargs);
int proxy_traverse(PyObject *self, visitproc visit, void *arg);
int proxy_clear(PyObject *self);
void proxy_dealloc(PyObject *self);
int proxy_add_types(PyObject *module, State *state);
PyObject *proxy_make_shape_methods(State *state);
int proxy_allow_own_attributes(State *state);

/* operators.c */
/* Given to each type: one that is made from a spec inherits no tp_dealloc. */
#define LIFE_SLOTS                                                             \
    {Py_tp_dealloc, proxy_dealloc}, {Py_tp_traverse, proxy_traverse},          \
        {Py_tp_clear, proxy_clear}

extern PyType_Slot proxy_operator_slots[];
extern PyType_Slot proxy_unclaimed_slots[];
extern PyMethodDef proxy_shape_methods[];

#endif
