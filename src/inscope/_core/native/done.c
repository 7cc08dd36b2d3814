/* Done: what need not wait. To await it gives its value at once.
 *
 * ``async with`` awaits what ``__aenter__`` and ``__aexit__`` return; a scope that goes the
 * short way has nothing to wait for. Python twin: Done, in python/scope.py.
 */
#include "done.h"

typedef struct {
    PyObject_HEAD
    PyObject *value; /* Owned. */
} Done;

PyObject *
done_new(State *state, PyObject *value)
{
    Done *done = PyObject_GC_New(Done, state->done);
    if (done != NULL) {
        done->value = Py_NewRef(value);
        PyObject_GC_Track(done);
    }
    return (PyObject *)done;
}

static PySendResult
done_send(PyObject *self, PyObject *Py_UNUSED(value), PyObject **result)
{
    *result = Py_NewRef(((Done *)self)->value);
    return PYGEN_RETURN;
}

/* For who awaits by hand: StopIteration with the value. */
static PyObject *
done_next(PyObject *self)
{
    PyObject *end = PyObject_CallOneArg(PyExc_StopIteration, ((Done *)self)->value);
    if (end != NULL) {
        PyErr_SetObject(PyExc_StopIteration, end);
        Py_DECREF(end);
    }
    return NULL;
}

static int
done_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Done *)self)->value);
    return 0;
}

static int
done_clear(PyObject *self)
{
    Py_CLEAR(((Done *)self)->value);
    return 0;
}

static void
done_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    done_clear(self);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_tp_doc, "What need not wait: to await it gives its value at once."},
    {Py_tp_dealloc, done_dealloc},
    {Py_tp_traverse, done_traverse},
    {Py_tp_clear, done_clear},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, done_next},
    {Py_am_await, PyObject_SelfIter},
    {Py_am_send, done_send},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "inscope._core.native._native.Done",
    .basicsize = sizeof(Done),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int
done_add_types(PyObject *module, State *state)
{
    return state_make_type(module, &state->done, &spec, NULL);
}
