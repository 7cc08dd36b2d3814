/* BareSnapshot: a Context that is never entered, and runs functions in copies of it.
 *
 * Python twin: python/snapshot.py; completed by inscope/carry/snapshot.py.
 */
#include "snapshot.h"

#include "arguments.h"

typedef struct {
    PyObject_HEAD
    PyObject *context;  /* Owned. */
    PyObject *weakrefs; /* Owned by the interpreter. */
} Snapshot;

/* Takes the reference to context, which may be NULL with an error. */
static PyObject *
snapshot_over(PyTypeObject *type, PyObject *context)
{
    if (context == NULL) {
        return NULL;
    }
    Snapshot *self = (Snapshot *)type->tp_alloc(type, 0);
    if (self == NULL) {
        Py_DECREF(context);
        return NULL;
    }
    self->context = context;
    return (PyObject *)self;
}

static PyObject *
snapshot_capture(PyObject *type, PyObject *Py_UNUSED(ignored))
{
    return snapshot_over((PyTypeObject *)type, PyContext_CopyCurrent());
}

static PyObject *
snapshot_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"context", NULL};
    PyObject *context;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Snapshot", names, &context)) {
        return NULL;
    }
    if (!PyContext_CheckExact(context)) {
        PyErr_Format(PyExc_TypeError,
                     "Snapshot() takes a contextvars.Context, not %.200s; the present one"
                     " is captured by Snapshot.capture()",
                     Py_TYPE(context)->tp_name);
        return NULL;
    }
    return snapshot_over(type, PyContext_Copy(context));
}

/* A Context in which *variable* has *value*, and nothing else is. */
static PyObject *
context_holding(PyObject *variable, PyObject *value)
{
    PyObject *context = PyContext_New();
    if (context == NULL || PyContext_Enter(context) < 0) {
        Py_CLEAR(context);
        return NULL;
    }
    PyObject *token = PyContextVar_Set(variable, value);
    if (PyContext_Exit(context) < 0 || token == NULL) {
        Py_CLEAR(context);
    }
    Py_XDECREF(token);
    return context;
}

static PyObject *
snapshot_holding(PyObject *type, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyContextVar_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "_holding() takes a ContextVar and its value");
        return NULL;
    }
    return snapshot_over((PyTypeObject *)type, context_holding(args[0], args[1]));
}

static PyObject *
snapshot_run(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    if (count < 1) {
        PyErr_SetString(PyExc_TypeError,
                        "run() missing 1 required positional argument: 'function'");
        return NULL;
    }
    PyObject *context = PyContext_Copy(((Snapshot *)object)->context);
    if (context == NULL || PyContext_Enter(context) < 0) {
        Py_XDECREF(context);
        return NULL;
    }
    PyObject *result = PyObject_Vectorcall(args[0], args + 1, (size_t)(count - 1), names);
    if (PyContext_Exit(context) < 0) {
        Py_CLEAR(result);
    }
    Py_DECREF(context);
    return result;
}

static PyObject *
snapshot_copy(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    return PyContext_Copy(((Snapshot *)object)->context);
}

static int
snapshot_traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(((Snapshot *)object)->context);
    return 0;
}

/* No tp_clear: a Context can be cleared itself. */
static void
snapshot_dealloc(PyObject *object)
{
    Snapshot *self = (Snapshot *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    if (self->weakrefs != NULL) {
        PyObject_ClearWeakRefs(object);
    }
    Py_CLEAR(self->context);
    type->tp_free(object);
    Py_DECREF(type);
}

PyDoc_STRVAR(capture_doc, "capture($type)\n--\n\n\
Return a snapshot of the bindings of this moment.");

PyDoc_STRVAR(holding_doc, "_holding($type, variable, value, /)\n--\n\n\
Return a snapshot of *value* in *variable*, and of nothing else.");

PyDoc_STRVAR(run_doc, "run($self, function, /, *args, **kwargs)\n--\n\n\
Call *function* with these bindings; return what it returns.\n\
\n\
What it binds is gone when it returns. Calls may overlap, on any threads.");

PyDoc_STRVAR(context_doc, "context($self)\n--\n\n\
Return a new ``Context`` with these bindings.");

static PyMethodDef methods[] = {
    {"capture", snapshot_capture, METH_NOARGS | METH_CLASS, capture_doc},
    {"_holding", FAST_METHOD(snapshot_holding), METH_FASTCALL | METH_CLASS, holding_doc},
    {"run", FAST_METHOD(snapshot_run), METH_FASTCALL | METH_KEYWORDS, run_doc},
    {"context", snapshot_copy, METH_NOARGS, context_doc},
    {NULL},
};

static PyMemberDef members[] = {
    {"_context", Py_T_OBJECT_EX, offsetof(Snapshot, context), Py_READONLY, NULL},
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(Snapshot, weakrefs), Py_READONLY,
     NULL},
    {NULL},
};

PyDoc_STRVAR(doc, "BareSnapshot(context)\n--\n\n\
A ``Context`` that is never entered, and runs functions in copies of it.");

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)doc},
    {Py_tp_new, snapshot_new},
    {Py_tp_dealloc, snapshot_dealloc},
    {Py_tp_traverse, snapshot_traverse},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "inscope._core.native._native.BareSnapshot",
    .basicsize = sizeof(Snapshot),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

int
snapshot_add_types(PyObject *module, State *state)
{
    return state_add_type(module, &state->bare_snapshot, &spec, NULL);
}
