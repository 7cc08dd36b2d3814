/* LocalProxy: a stand-in for the object that is bound where the code runs.
 *
 * Here are its life and what a failure means. How it finds its object is in ways.c, what
 * it does with it in attributes.c, operators.c and protocols.c. Python twin:
 * python/proxy.py.
 *
 * What goes wrong is told by Python (_core/failures.py): it is not hot.
 */
#include "proxy.h"

#include "arguments.h"

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

/* The same for LocalProxy, from which shaped types do not descend, by its tp_new. */
int
local_proxy_check(PyObject *object)
{
    for (PyTypeObject *type = Py_TYPE(object); type != NULL; type = type->tp_base) {
        if (type->tp_new == local_proxy_new) {
            return 1;
        }
    }
    return 0;
}

/* The state of the module that made the proxy's type; never NULL. */
State *
proxy_state(PyObject *self)
{
    State *state = state_of_type(Py_TYPE(self));
    assert(state != NULL);
    return state;
}

/* What a failure means */

/* The Source of the proxy, made if there is none yet; None before __init__. */
static PyObject *
source_of(PyObject *self)
{
    if (((Proxy *)self)->holder == NULL) {
        return Py_NewRef(Py_None);
    }
    Proxy *proxy = way_holder((Proxy *)self);
    PyObject *source = proxy->source;
    if (source != Py_None && !PyUnicode_Check(source)) {
        Py_INCREF(source);
    }
    else {
        PyObject *name = proxy->detail == NULL ? Py_None : proxy->detail;
        source = PyObject_CallFunctionObjArgs(proxy_state(self)->make_source,
                                              proxy->holder, name, source, NULL);
    }
    Py_DECREF((PyObject *)proxy);
    return source;
}

/* The error that a source raises when nothing is bound. */
static PyObject *
missing_error(PyObject *self, PyObject *source)
{
    PyObject *kind = source == Py_None
                         ? Py_NewRef(PyExc_Exception)
                         : PyObject_GetAttr(source, proxy_state(self)->missing_field);
    PyObject *error = kind == NULL ? NULL : PyObject_CallNoArgs(kind);
    Py_XDECREF(kind);
    return error;
}

/* The error of the resolution that failed, taken or made; NULL, with it raised, if it
 * is one that no proxy explains: KeyboardInterrupt and its like. */
static PyObject *
resolution_error(PyObject *self, PyObject *source)
{
    if (!PyErr_Occurred()) {
        return missing_error(self, source);
    }
    return PyErr_ExceptionMatches(PyExc_Exception) ? PyErr_GetRaisedException() : NULL;
}

PyObject *
proxy_answer(PyObject *self, PyObject *helper, PyObject *name)
{
    PyObject *raised = PyErr_Occurred() ? PyErr_GetRaisedException() : NULL;
    PyObject *source = source_of(self);
    if (raised != NULL) {
        if (source == NULL) {
            PyErr_Clear();
        }
        PyErr_SetRaisedException(raised);
    }
    if (source == NULL) {
        return NULL;
    }
    PyObject *error = resolution_error(self, source), *result = NULL;
    if (error != NULL) {
        result = PyObject_CallFunctionObjArgs(helper, self, source, error, name, NULL);
        Py_DECREF(error);
    }
    Py_DECREF(source);
    return result;
}

/* Replace the error of the resolution that failed by what the user sees. */
void
proxy_explain(PyObject *self)
{
    PyObject *nothing = proxy_answer(self, proxy_state(self)->fail, NULL);
    assert(nothing == NULL);
    Py_XDECREF(nothing);
}

/* After a resolution that failed: 1 if nothing is bound, the error gone; else 0,
 * with what the user sees raised. */
int
proxy_unbound(PyObject *self)
{
    if (!PyErr_Occurred()) {
        if (((Proxy *)self)->holder != NULL) {
            return 1;
        }
        proxy_explain(self);
        return 0;
    }
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        return 0;
    }
    PyObject *error = PyErr_GetRaisedException();
    PyObject *told = PyObject_CallOneArg(proxy_state(self)->is_unbound, error);
    int unbound = told == NULL ? -1 : PyObject_IsTrue(told);
    Py_XDECREF(told);
    if (unbound == 0) {
        PyErr_SetRaisedException(Py_NewRef(error));
        proxy_explain(self);
    }
    Py_DECREF(error);
    return unbound > 0;
}

/* Methods */

/* Goes by the source, not by a subclass's override of this method, which calls it. */
static PyObject *
proxy_get_current_object(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    Proxy *proxy = way_holder((Proxy *)self);
    PyObject *source = Py_XNewRef(proxy->source);
    Py_DECREF((PyObject *)proxy);
    if (source == NULL || source == Py_None || PyUnicode_Check(source)) {
        Py_XDECREF(source);
        return proxy_target(self);
    }
    PyObject *found = PyObject_CallMethodNoArgs(source, proxy_state(self)->resolve);
    Py_DECREF(source);
    if (found == NULL) {
        proxy_explain(self);
    }
    return found;
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
    PyObject *reduce = PyObject_GenericGetAttr(self, proxy_state(self)->dunder_reduce);
    PyObject *result = reduce == NULL ? NULL : PyObject_CallNoArgs(reduce);
    Py_XDECREF(reduce);
    return result;
}

static PyMethodDef bare_methods[] = {
    {"_get_current_object", proxy_get_current_object, METH_NOARGS,
     "_get_current_object($self)\n--\n\n"
     "Return the object behind the proxy, to keep or to hand elsewhere.\n\n"
     "Raises:\n    UnboundError: Nothing is bound here and now."},
    {"__copy__", proxy_copy, METH_NOARGS, NULL},
    {"__deepcopy__", proxy_deepcopy, METH_O, NULL},
    {"__reduce__", proxy_reduce, METH_NOARGS, NULL},
    {"__reduce_ex__", proxy_reduce_ex, METH_O, NULL},
    {NULL},
};

/* Life */

PyObject *
proxy_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    PyObject *self = type->tp_alloc(type, 0);
    if (self != NULL) {
        ((Proxy *)self)->find = find_nothing;
        ((Proxy *)self)->vectorcall = proxy_vectorcall;
    }
    return self;
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
    PyObject *way, *holder, *detail, *source;
    PyObject *first = PyTuple_Pack(1, self);
    if (first == NULL || (all = PySequence_Concat(first, args)) == NULL) {
        goto done;
    }
    found = PyObject_Call(proxy_state(self)->prepare, all, kwargs);
    if (found == NULL || !PyArg_ParseTuple(found, "UOOO:prepare", &way, &holder, &detail,
                                           &source)) {
        goto done;
    }
    Way find = way_named(way);
    if (find != NULL) {
        result = way_take((Proxy *)self, find, holder, detail, source);
    }
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
    Py_VISIT(proxy->holder);
    Py_VISIT(proxy->detail);
    Py_VISIT(proxy->source);
#ifdef Py_GIL_DISABLED
    Py_VISIT((PyObject *)proxy->replaced_by);
#endif
    return 0;
}

int
proxy_clear(PyObject *self)
{
    Proxy *proxy = (Proxy *)self;
    way_set(proxy, find_nothing);
    Py_CLEAR(proxy->holder);
    Py_CLEAR(proxy->detail);
    Py_CLEAR(proxy->source);
#ifdef Py_GIL_DISABLED
    Proxy *other = proxy->replaced_by;
    proxy->replaced_by = NULL;
    Py_XDECREF((PyObject *)other);
#endif
    return 0;
}

void
proxy_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, proxy_dealloc) /* a chain of proxies may be long */
    if (((Proxy *)self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    proxy_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

/* Types */

static PyMemberDef bare_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(Proxy, weakrefs), Py_READONLY, NULL},
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(Proxy, vectorcall), Py_READONLY, NULL},
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

int
proxy_add_types(PyObject *module, State *state)
{
    if (state_add_generic_type(module, &state->bare_proxy, &bare_spec) < 0 ||
        state_add_type(module, &state->unclaimed, &unclaimed_spec,
                       (PyObject *)state->bare_proxy) < 0) {
        return -1;
    }
    return state_add_type(module, &state->local_proxy, &local_spec,
                          (PyObject *)state->unclaimed);
}
