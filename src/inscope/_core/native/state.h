/* The state of the module: one struct for each interpreter, no other globals. */
#ifndef INSCOPE_STATE_H
#define INSCOPE_STATE_H

#include "compat.h"

/* Strings that are used as names, interned once for each module.
 * X(field, "text") */
#define STRINGS(X)                                                             \
    X(active, "active")                                                        \
    X(arrived, "_arrived")                                                     \
    X(close, "close")                                                          \
    X(closed, "closed")                                                        \
    X(close_late, "_scope_close_late")                                          \
    X(closed_error, "_scope_closed_error")                                      \
    X(closing, "closing")                                                      \
    X(aenter_slowly, "_scope_aenter_slowly")                                    \
    X(aexit_slowly, "_scope_aexit_slowly")                                      \
    X(dunder_aenter, "__aenter__")                                             \
    X(dunder_aexit, "__aexit__")                                               \
    X(dunder_class, "__class__")                                               \
    X(dunder_doc, "__doc__")                                                   \
    X(dunder_enter, "__enter__")                                               \
    X(dunder_exit, "__exit__")                                                 \
    X(dunder_mro_entries, "__mro_entries__")                                   \
    X(dunder_orig_class, "__orig_class__")                                     \
    X(dunder_origin, "__origin__")                                             \
    X(dunder_reduce, "__reduce__")                                             \
    X(dunder_sizeof, "__sizeof__")                                             \
    X(dunder_wrapped, "__wrapped__")                                           \
    X(get, "get")                                                              \
    X(like, "like")                                                            \
    X(make, "_make")                                                           \
    X(missing_field, "missing")                                                \
    X(new_, "new")                                                             \
    X(old_value, "old_value")                                                  \
    X(plain_slot, "_scope_plain_slot")                                          \
    X(pop_slowly, "_scope_pop_slowly")                                          \
    X(push_slowly, "_scope_push_slowly")                                        \
    X(refuse_entry, "_refuse_entry")                                           \
    X(refuse_exit, "_refuse_exit")                                             \
    X(resolve, "resolve")                                                      \
    X(set, "set")                                                              \
    X(takes_identity, "takes_identity")                                        \
    X(throw_, "throw")                                                         \
    X(unbound, "_unbound")

/* What is written in Python, for what is not hot: errors, construction, odd cases.
 * The modules beside this file hand it over, by these names.
 * X(field) */
#define HELPERS(X)                                                             \
    X(empty)             /* stands for no value where None is one */             \
    X(missing)           /* the exception that a source raises without a value */ \
    X(own)               /* a proxy's own attributes: a tuple of interned names */ \
    X(prepare)           /* (proxy, *args, **kwargs) -> (way, holder, detail, source) */ \
    X(make_source)       /* (proxy's holder, detail, message) -> its Source */    \
    X(fail)              /* (proxy, source, error): raises what the user sees */  \
    X(fail_attribute)    /* (proxy, source, error, name) -> the answer, or raises */ \
    X(is_unbound)        /* (error) -> bool */                                    \
    X(unbound_repr)      /* (proxy, source, error) -> the answer, or raises */     \
    X(unbound_attribute) /* (proxy, source, error, name) -> the answer */         \
    X(mro_entries)       /* (target) -> what __mro_entries__ is */                \
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
    X(getitem)                                                                 \
    X(local_type)        /* Local, which derives from BareLocal */                \
    X(unbound_name)      /* the exception class of a name that a Local lacks */   \
    X(uninitialized)     /* (obj): raises that __init__ has not been called */    \
    X(empty_tree)        /* the map of a Local without names */                   \
    X(remove_name)       /* (tree, name, hash) -> the map without the name */     \
    X(copy_plain)        /* (mapping) -> a real dict of it */                     \
    X(push_on_list)      /* (stack, obj) -> the view */                           \
    X(pop_from_list)     /* (stack) -> the object, or None */                     \
    X(top_of_list)       /* (stack) -> the object; raises missing */              \
    X(no_value)          /* Token.MISSING */                                      \
    X(refuse_token)      /* (var, token): raises why it is not one of var's */    \
    X(refuse_reset)      /* (var, error): raises why it cannot be reset */        \
    X(mend)              /* (context var, top, cell): after a reset out of order */ \
    X(report_foreign)    /* (bind, place): logs a bind left in another Context */ \
    X(close_dropped)     /* (iterator): closes what nobody has closed */           \
    X(raise_thrown)      /* (error, value=None, traceback=None): raises it */      \
    X(state_names)       /* of a bind, as the Python core calls them */

/* Types. X(field) */
#define TYPES(X)                                                               \
    X(cell)                                                                    \
    X(traced_cell)                                                             \
    X(linked_cell)                                                             \
    X(bare_local)                                                              \
    X(bare_stack)                                                              \
    X(stack_view) /* made by make_stack_view(), over its Python base */           \
    X(bare_var)                                                                \
    X(token)      /* made by make_token() */                                      \
    X(var_bind)   /* made by make_var_bind() */                                   \
    X(scope_slot)                                                              \
    X(bare_scope)                                                              \
    X(done)                                                                    \
    X(steps)                                                                   \
    X(bare_snapshot)                                                           \
    X(bare_payload)                                                            \
    X(bare_values)                                                             \
    X(scoped_iterator)                                                         \
    X(sized_iterator)                                                          \
    X(bare_proxy)                                                              \
    X(unclaimed)  /* between the two; see operators.c */                          \
    X(local_proxy)

/* Objects given back, to be given out again: spares.h. */
typedef struct {
    PyObject *first;
    int count;
} Spares;

typedef struct State {
    PyObject *bottom; /* Owned: the cell below all cells of all stacks. */
    Spares spare_cells;
    Spares spare_binds;
    Spares spare_views;
#define TYPE(name) PyTypeObject *name; /* Owned. */
#define FIELD(name, ...) PyObject *name; /* Owned. */
    TYPES(TYPE)
    STRINGS(FIELD)
    HELPERS(FIELD)
#undef TYPE
#undef FIELD
} State;

extern struct PyModuleDef inscope_native_module;

/* The state of the module that made type, or a type that it derives from; NULL
 * with an error if none did. */
State *state_of_type(PyTypeObject *type);

/* Make a type and keep it in *place; -1 on failure. A base of NULL is object. */
int state_make_type(PyObject *module, PyTypeObject **place, PyType_Spec *spec,
                    PyObject *base);

/* The same, and add it to the module. */
int state_add_type(PyObject *module, PyTypeObject **place, PyType_Spec *spec,
                   PyObject *base);

/* The same over typing.Generic; cell.py gives it its parameter. */
int state_add_generic_type(PyObject *module, PyTypeObject **place, PyType_Spec *spec);

/* Put methods into the dict of a type that is there. Python refuses to jump over a
 * slot that is filled in C, as object.__setattr__(x) would, but not over a method. */
int state_add_methods(PyTypeObject *type, PyMethodDef *methods);


#endif
