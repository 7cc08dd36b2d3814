/* LocalProxy: a stand-in for the object that is bound where the code runs.
 *
 * Here are its life, how it finds its object and what a failure means, and its
 * attributes. The operations are in operators.c. Python twin: python/proxy.py.
 *
 *     p.name ──► proxy_getattro ──► proxy_resolve ──► ContextVar's value
 *                      │                   └────────► or a call of resolve()
 *                      └──► the object's attribute
 *
 * What goes wrong is told by Python (_core/failures.py): it is not hot.
 */
#include "core.h"

#include <structmember.h>

/* Every type of proxy descends from one with this tp_dealloc, a subclass written
 * in Python too. That tells a proxy without a look at any module. */
int
proxy_check(PyObject *object)
{
    for (PyTypeObject *type = Py_TYPE(object); type != NULL; type = type->tp_base) {
        if (type->tp_dealloc == proxy_dealloc) {
            return 1;
        }
    }
    return 0;
}

/* The state of the module that made the proxy's type; never NULL. */
State *
proxy_state(PyObject *self)
{
    PyObject *module = PyType_GetModuleByDef(Py_TYPE(self), &inscope_native_module);
    assert(module != NULL);
    return PyModule_GetState(module);
}

/* Finding the object */

/* Return the object. NULL if there is none: with the error that came out of
 * resolving, or without one, if the context variable has no value. */
PyObject *
proxy_resolve(PyObject *self)
{
    Proxy *proxy = (Proxy *)self;
    PyObject *found = NULL;
    if (proxy->var != NULL) {
        PyContextVar_Get(proxy->var, NULL, &found);
        return found;
    }
    if (proxy->resolve == NULL) {
        return NULL; /* without an error: __init__ has not run */
    }
    if (Py_EnterRecursiveCall(" while resolving a LocalProxy")) {
        return NULL;
    }
    PyObject *resolve = Py_NewRef(proxy->resolve); /* it may call __init__ again */
    found = PyObject_CallNoArgs(resolve);
    Py_DECREF(resolve);
    Py_LeaveRecursiveCall();
    return found;
}

/* Return the error of the resolution that failed; NULL, with it raised, if it is
 * one that no proxy explains: KeyboardInterrupt and its like. */
static PyObject *
resolution_error(PyObject *self)
{
    if (!PyErr_Occurred()) {
        Proxy *proxy = (Proxy *)self;
        return proxy->source == NULL
                   ? PyObject_CallNoArgs(PyExc_Exception) /* for want of __init__ */
                   : PyObject_CallOneArg(PyExc_LookupError, proxy->var);
    }
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        return NULL;
    }
    return PyErr_GetRaisedException();
}

static PyObject *
source_of(PyObject *self)
{
    PyObject *source = ((Proxy *)self)->source;
    return source == NULL ? Py_None : source;
}

/* Replace the error of the resolution that failed by what the user sees. */
static void
explain(PyObject *self)
{
    PyObject *error = resolution_error(self);
    if (error == NULL) {
        return;
    }
    PyObject *nothing = PyObject_CallFunctionObjArgs(
        proxy_state(self)->fail, self, source_of(self), error, NULL);
    assert(nothing == NULL);
    Py_XDECREF(nothing);
    Py_DECREF(error);
}

/* Return the object; NULL with what the user sees raised. */
PyObject *
proxy_target(PyObject *self)
{
    PyObject *found = proxy_resolve(self);
    if (found == NULL) {
        explain(self);
    }
    return found;
}

/* After a resolution that failed: 1 if nothing is bound, the error gone; else 0,
 * with what the user sees raised. */
int
proxy_unbound(PyObject *self)
{
    PyObject *error = resolution_error(self);
    if (error == NULL) {
        return 0;
    }
    int unbound = -1;
    PyObject *answer = PyObject_CallOneArg(proxy_state(self)->is_unbound, error);
    if (answer != NULL) {
        unbound = PyObject_IsTrue(answer);
        Py_DECREF(answer);
    }
    if (unbound == 0) {
        PyErr_SetRaisedException(Py_NewRef(error));
        explain(self);
    }
    Py_DECREF(error);
    return unbound > 0;
}

/* Attributes */

/* Answer for an attribute of a proxy whose resolution failed. */
static PyObject *
attribute_failed(PyObject *self, PyObject *helper, PyObject *name)
{
    PyObject *error = resolution_error(self);
    if (error == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_CallFunctionObjArgs(helper, self, source_of(self),
                                                    error, name, NULL);
    Py_DECREF(error);
    return result;
}

/* An attribute that is the proxy's own: its methods, and what is the object's
 * when there is one and the proxy's when there is none. */
static PyObject *
own_attribute(PyObject *self, State *state, PyObject *name)
{
    int bases = PyUnicode_CompareWithASCIIString(name, "__mro_entries__") == 0;
    if (!bases && PyUnicode_Compare(name, state->dunder_class) != 0 &&
        PyUnicode_Compare(name, state->dunder_doc) != 0 &&
        PyUnicode_Compare(name, state->dunder_wrapped) != 0) {
        return PyObject_GenericGetAttr(self, name);
    }
    PyObject *target = proxy_resolve(self);
    if (target == NULL) {
        return attribute_failed(self, state->unbound_attribute, name);
    }
    PyObject *result =
        bases ? PyObject_CallFunctionObjArgs(state->mro_entries, target, NULL)
              : PyObject_GetAttr(target, name);
    Py_DECREF(target);
    return result;
}

/* Only names that begin with an underscore are looked for among the own ones. */
static int
may_be_own(PyObject *name)
{
    return PyUnicode_GET_LENGTH(name) > 0 && PyUnicode_READ_CHAR(name, 0) == '_';
}

PyObject *
proxy_getattro(PyObject *self, PyObject *name)
{
    if (may_be_own(name)) {
        State *state = proxy_state(self);
        int own = PySet_Contains(state->own, name);
        if (own < 0) {
            return NULL;
        }
        if (own) {
            return own_attribute(self, state, name);
        }
    }
    PyObject *target = proxy_resolve(self);
    if (target == NULL) {
        return attribute_failed(self, proxy_state(self)->fail_attribute, name);
    }
    PyObject *result = PyObject_GetAttr(target, name);
    Py_DECREF(target);
    return result;
}

/* typing marks what LocalProxy[T](…) made, and would mark the object: 1 if that
 * is what this assignment is, 0 if not, -1 for an error. */
static int
is_generic_mark(PyObject *self, PyObject *name, PyObject *value)
{
    State *state = proxy_state(self);
    if (PyUnicode_Compare(name, state->dunder_orig_class) != 0) {
        return 0;
    }
    PyObject *origin = PyObject_GetAttrString(value, "__origin__");
    if (origin == NULL) {
        PyErr_Clear();
        return 0;
    }
    int result = Py_TYPE(origin) == Py_TYPE(state->local_proxy);
    Py_DECREF(origin);
    return result;
}

int
proxy_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    if (value != NULL && may_be_own(name)) {
        int mark = is_generic_mark(self, name, value);
        if (mark) {
            return mark < 0 ? -1 : 0;
        }
    }
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return -1;
    }
    int result = PyObject_SetAttr(target, name, value);
    Py_DECREF(target);
    return result;
}

/* Methods */

/* Goes by the source, not by a subclass's override of this method, which calls it. */
static PyObject *
proxy_get_current_object(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    Proxy *proxy = (Proxy *)self;
    if (proxy->var != NULL || proxy->source == NULL) {
        return proxy_target(self);
    }
    PyObject *resolve = PyObject_GetAttrString(proxy->source, "resolve");
    if (resolve == NULL) {
        return NULL;
    }
    PyObject *found = PyObject_CallNoArgs(resolve);
    Py_DECREF(resolve);
    if (found == NULL) {
        explain(self);
    }
    return found;
}

static PyObject *
proxy_method_setattr(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_Format(PyExc_TypeError, "expected 2 arguments, got %zd", count);
        return NULL;
    }
    return proxy_setattro(self, args[0], args[1]) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef setattr_method = {
    "__setattr__", (PyCFunction)(void (*)(void))proxy_method_setattr, METH_FASTCALL, NULL,
};

static PyObject *
proxy_method_delattr(PyObject *self, PyObject *name)
{
    return proxy_setattro(self, name, NULL) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef delattr_method = {
    "__delattr__", proxy_method_delattr, METH_O, NULL,
};

/* Let object.__setattr__ give subclasses attributes of their own: Python refuses
 * to jump over a slot that is filled in C, but not over a method. */
int
proxy_allow_own_attributes(State *state)
{
    PyMethodDef *methods[] = {&setattr_method, &delattr_method};
    for (int index = 0; index < 2; index++) {
        PyObject *method = PyDescr_NewMethod(state->bare_proxy, methods[index]);
        if (method == NULL) {
            return -1;
        }
        int result = PyObject_SetAttrString((PyObject *)state->bare_proxy,
                                            methods[index]->ml_name, method);
        Py_DECREF(method);
        if (result < 0) {
            return -1;
        }
    }
    return 0;
}

static PyObject *
proxy_copy(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_CallOneArg(proxy_state(self)->copy, target);
    Py_DECREF(target);
    return result;
}

static PyObject *
proxy_deepcopy(PyObject *self, PyObject *memo)
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_CallFunctionObjArgs(proxy_state(self)->deepcopy,
                                                    target, memo, NULL);
    Py_DECREF(target);
    return result;
}

/* "Item 0 of the tuple of the object": a reader needs only the library. */
static PyObject *
proxy_reduce(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return NULL;
    }
    return Py_BuildValue("O((N)i)", proxy_state(self)->getitem, target, 0);
}

/* A subclass may have a __reduce__ of its own. */
static PyObject *
proxy_reduce_ex(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    PyObject *name = PyUnicode_FromString("__reduce__");
    PyObject *reduce = name == NULL ? NULL : PyObject_GenericGetAttr(self, name);
    PyObject *result = reduce == NULL ? NULL : PyObject_CallNoArgs(reduce);
    Py_XDECREF(name);
    Py_XDECREF(reduce);
    return result;
}

static PyMethodDef bare_methods[] = {
    {"_get_current_object", proxy_get_current_object, METH_NOARGS,
     "Return the object behind the proxy, to keep or to hand elsewhere.\n\n"
     "Raises:\n    UnboundError: Nothing is bound here and now."},
    {"__copy__", proxy_copy, METH_NOARGS, NULL},
    {"__deepcopy__", proxy_deepcopy, METH_O, NULL},
    {"__reduce__", proxy_reduce, METH_NOARGS, NULL},
    {"__reduce_ex__", proxy_reduce_ex, METH_O, NULL},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL},
    {NULL},
};

/* Life */

static PyObject *
proxy_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    PyObject *self = type->tp_alloc(type, 0);
    if (self != NULL) {
        ((Proxy *)self)->vectorcall = proxy_vectorcall;
    }
    return self;
}

static State *
state_of_type(PyTypeObject *type)
{
    PyObject *module = PyType_GetModuleByDef(type, &inscope_native_module);
    return module == NULL ? NULL : PyModule_GetState(module);
}

/* LocalProxy(…, like=cls) is a proxy of another type, made and initialised. */
PyObject *
local_proxy_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    State *state = state_of_type(type);
    if (state == NULL) {
        return NULL;
    }
    PyObject *like =
        kwargs == NULL ? NULL : PyDict_GetItemWithError(kwargs, state->like);
    if (like == NULL && PyErr_Occurred()) {
        return NULL;
    }
    if (like == NULL || like == Py_None) {
        return proxy_new(type, args, kwargs);
    }
    return PyObject_CallFunctionObjArgs(state->make_shaped, type, args, kwargs, NULL);
}

PyObject *
local_proxy_init_subclass(PyObject *cls, PyObject *args, PyObject *kwargs)
{
    State *state = state_of_type((PyTypeObject *)cls);
    if (state == NULL) {
        return NULL;
    }
    PyObject *self = PyTuple_Pack(1, cls);
    PyObject *all = self == NULL ? NULL : PySequence_Concat(self, args);
    PyObject *result =
        all == NULL ? NULL : PyObject_Call(state->init_subclass, all, kwargs);
    Py_XDECREF(self);
    Py_XDECREF(all);
    return result;
}

static int
proxy_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    int result = -1;
    PyObject *all = NULL, *found = NULL;
    PyObject *source, *var, *resolve;
    PyObject *first = PyTuple_Pack(1, self);
    if (first == NULL || (all = PySequence_Concat(first, args)) == NULL) {
        goto done;
    }
    found = PyObject_Call(proxy_state(self)->prepare, all, kwargs);
    if (found == NULL || !PyArg_ParseTuple(found, "OOO", &source, &var, &resolve)) {
        goto done;
    }
    Proxy *proxy = (Proxy *)self;
    Py_XSETREF(proxy->source, Py_NewRef(source));
    Py_XSETREF(proxy->resolve, resolve == Py_None ? NULL : Py_NewRef(resolve));
    Py_XSETREF(proxy->var, var == Py_None ? NULL : Py_NewRef(var));
    result = 0;
done:
    Py_XDECREF(first);
    Py_XDECREF(all);
    Py_XDECREF(found);
    return result;
}

int
proxy_traverse(PyObject *self, visitproc visit, void *arg)
{
    Proxy *proxy = (Proxy *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(proxy->var);
    Py_VISIT(proxy->resolve);
    Py_VISIT(proxy->source);
    return 0;
}

int
proxy_clear(PyObject *self)
{
    Proxy *proxy = (Proxy *)self;
    Py_CLEAR(proxy->var);
    Py_CLEAR(proxy->resolve);
    Py_CLEAR(proxy->source);
    return 0;
}

void
proxy_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (((Proxy *)self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    proxy_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/* Types */

static PyMemberDef bare_members[] = {
    {"_source", T_OBJECT_EX, offsetof(Proxy, source), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Proxy, weakrefs), READONLY, NULL},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Proxy, vectorcall), READONLY, NULL},
    {NULL},
};

static PyType_Slot bare_slots[] = {
    {Py_tp_new, proxy_new},
    {Py_tp_init, proxy_init},
    LIFE_SLOTS,
    {Py_tp_getattro, proxy_getattro},
    {Py_tp_setattro, proxy_setattro},
    {Py_tp_methods, bare_methods},
    {Py_tp_members, bare_members},
    {0, NULL},
};

static PyType_Spec bare_spec = {
    .name = "inscope.BareProxy",
    .basicsize = sizeof(Proxy),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = bare_slots,
};

static PyType_Spec unclaimed_spec = {
    .name = "inscope.ForwardedMethods",
    .basicsize = sizeof(Proxy),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = proxy_unclaimed_slots,
};

static PyType_Spec local_spec = {
    .name = "inscope.LocalProxy",
    .basicsize = sizeof(Proxy),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = proxy_operator_slots,
};

static PyTypeObject *
add_type(PyObject *module, PyType_Spec *spec, PyTypeObject *base)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, (PyObject *)base);
    if (type != NULL && PyModule_AddType(module, (PyTypeObject *)type) < 0) {
        Py_CLEAR(type);
    }
    return (PyTypeObject *)type;
}

int
proxy_add_types(PyObject *module, State *state)
{
    state->bare_proxy = add_type(module, &bare_spec, NULL);
    if (state->bare_proxy == NULL) {
        return -1;
    }
    state->unclaimed = add_type(module, &unclaimed_spec, state->bare_proxy);
    if (state->unclaimed == NULL) {
        return -1;
    }
    state->local_proxy = add_type(module, &local_spec, state->unclaimed);
    return state->local_proxy == NULL ? -1 : 0;
}

/* The methods from which shaped types are put together, by name. */
PyObject *
proxy_make_shape_methods(State *state)
{
    PyObject *methods = PyDict_New();
    PyMethodDef *def = proxy_shape_methods;
    for (; methods != NULL && def->ml_name != NULL; def++) {
        PyObject *method = PyDescr_NewMethod(state->bare_proxy, def);
        if (method == NULL ||
            PyDict_SetItemString(methods, def->ml_name, method) < 0) {
            Py_CLEAR(methods);
        }
        Py_XDECREF(method);
    }
    return methods;
}
