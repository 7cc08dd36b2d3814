/* Steps: a generator, a coroutine or an iterator, with each of its steps in a Context.
 *
 *     next / send / throw / close ── enter the Context ── inner ── leave it
 *
 * What is made of it may be iterated over, delegated to (``yield from``) or awaited. With
 * a layer, the Context is told before a step what the caller's has changed. Python twin:
 * python/step.py.
 */
#include "step.h"

#include "arguments.h"

typedef struct {
    PyObject_HEAD
    PyObject *context; /* Owned. */
    PyObject *inner;   /* Owned: what is advanced. */
    PyObject *layer;   /* Owned, or NULL: called with a copy of the caller's Context. */
    PyObject *seen;    /* Owned: that copy; NULL if the layer asks to be called again.
                          Only touched with the Context entered, which is by one thread. */
    State *state;      /* Borrowed: lives as long as the type does. */
    PyObject *weakrefs; /* The list of them. */
    PyObject *watch;    /* Owned, or NULL: the weak reference that calls close_first. */
    int is_closing;     /* Whether that one is at work. */
} Steps;

/* The layer */

static int
keep_first(PyObject *object, void *place)
{
    if (*(PyObject **)place == NULL) {
        *(PyObject **)place = object;
    }
    return 0;
}

/* The map that a Context consists of: two copies of one have the same, until either is
 * changed. Borrowed. A copy that was never entered refers to nothing else. */
static PyObject *
bindings_of(PyObject *copy)
{
    PyObject *bindings = NULL;
    Py_TYPE(copy)->tp_traverse(copy, keep_first, &bindings);
    return bindings;
}

/* Enter the Context; -1 with an error. */
static int
enter(Steps *self)
{
    if (self->layer == NULL) {
        return PyContext_Enter(self->context);
    }
    PyObject *now = PyContext_CopyCurrent();
    if (now == NULL || PyContext_Enter(self->context) < 0) {
        Py_XDECREF(now);
        return -1;
    }
    PyObject *seen = self->seen;
    if (seen != NULL && bindings_of(seen) == bindings_of(now)) {
        Py_DECREF(now);
        return 0;
    }
    PyObject *settled = PyObject_CallOneArg(self->layer, now);
    int keep = settled == NULL ? -1 : PyObject_IsTrue(settled);
    Py_XDECREF(settled);
    Py_XSETREF(self->seen, keep == 1 ? Py_NewRef(now) : NULL);
    Py_DECREF(now);
    if (keep < 0) {
        PyObject *error = PyErr_GetRaisedException();
        (void)PyContext_Exit(self->context);
        PyErr_SetRaisedException(error);
        return -1;
    }
    return 0;
}

/* Steps */

/* What is advanced, a strong reference: it may be exchanged while it runs. */
static PyObject *
inner_of(Steps *self)
{
    PyObject *inner;
    Py_BEGIN_CRITICAL_SECTION(self);
    inner = Py_NewRef(self->inner);
    Py_END_CRITICAL_SECTION();
    return inner;
}

static PySendResult
steps_send(PyObject *object, PyObject *value, PyObject **result)
{
    Steps *self = (Steps *)object;
    *result = NULL;
    PyObject *inner = inner_of(self);
    if (enter(self) < 0) {
        Py_DECREF(inner);
        return PYGEN_ERROR;
    }
    PySendResult sent = PyIter_Send(inner, value, result);
    Py_DECREF(inner);
    if (PyContext_Exit(self->context) < 0) {
        Py_CLEAR(*result);
        return PYGEN_ERROR;
    }
    return sent;
}

/* What Python's own generators make of the end. */
static void
set_end(PyObject *value)
{
    if (value == Py_None) {
        PyErr_SetNone(PyExc_StopIteration);
        return;
    }
    /* Made here: as an argument, a tuple would be taken apart. */
    PyObject *end = PyObject_CallOneArg(PyExc_StopIteration, value);
    if (end != NULL) {
        PyErr_SetObject(PyExc_StopIteration, end);
        Py_DECREF(end);
    }
}

static PyObject *
steps_send_method(PyObject *object, PyObject *value)
{
    PyObject *result;
    PySendResult sent = steps_send(object, value, &result);
    if (sent == PYGEN_RETURN) {
        set_end(result);
        Py_CLEAR(result);
    }
    return result;
}

static PyObject *
steps_next(PyObject *object)
{
    return steps_send_method(object, Py_None);
}

/* Call a method of what is advanced, in the Context; if it has none, *instead*, or nothing
 * for NULL. */
static PyObject *
call(Steps *self, PyObject *name, PyObject *const *args, Py_ssize_t count,
     PyObject *instead)
{
    PyObject *inner = inner_of(self), *method, *result = NULL;
    if (enter(self) < 0) {
        Py_DECREF(inner);
        return NULL;
    }
    if (PyObject_GetOptionalAttr(inner, name, &method) == 0) {
        method = Py_NewRef(instead == NULL ? Py_None : instead);
    }
    Py_DECREF(inner);
    if (method == Py_None) {
        result = Py_NewRef(Py_None);
    }
    else if (method != NULL) {
        result = PyObject_Vectorcall(method, args, (size_t)count, NULL);
    }
    Py_XDECREF(method);
    if (PyContext_Exit(self->context) < 0) {
        Py_CLEAR(result);
    }
    return result;
}

static PyObject *
steps_throw(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    if (count < 1 || count > 3) {
        PyErr_Format(PyExc_TypeError, "throw() takes 1 to 3 arguments (%zd given)",
                     count);
        return NULL;
    }
    Steps *self = (Steps *)object;
    return call(self, self->state->throw_, args, count, self->state->raise_thrown);
}

static PyObject *
steps_close(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    Steps *self = (Steps *)object;
    if (self->is_closing) { /* By close_first, and whoever advances it goes meanwhile. */
        Py_RETURN_NONE;
    }
    return call(self, self->state->close, NULL, 0, NULL);
}

/* Who is collected first
 *
 * Whoever advances these steps is a generator or a coroutine itself, and closes them as it
 * is closed. With the GIL, the collector comes to the older one first; on a free-threaded
 * build, to either. If that is what is advanced, it is closed where the collector runs. But
 * before the collector closes anything, it calls those who hold a weak reference to
 * something that is garbage, and are none. */

static PyObject *
close_first(PyObject *address, PyObject *Py_UNUSED(weakref))
{
    /* Still there: a weak reference to what is freed calls nobody (steps_dealloc). But what
     * is closed may let go of the last reference to who advances it, and so to this. */
    PyObject *object = PyLong_AsVoidPtr(address);
    if (object == NULL) {
        return NULL;
    }
    Steps *self = (Steps *)Py_NewRef(object);
    self->is_closing = 1;
    PyObject *closed = call(self, self->state->close, NULL, 0, NULL);
    self->is_closing = 0;
    if (closed == NULL) {
        PyObject *inner = inner_of(self);
        PyErr_WriteUnraisable(inner);
        Py_DECREF(inner);
    }
    Py_XDECREF(closed);
    Py_DECREF(object);
    Py_RETURN_NONE;
}

static PyMethodDef close_first_method = {"close_first", close_first, METH_O, NULL};

static int
watch(Steps *self)
{
    PyObject *address = PyLong_FromVoidPtr(self);
    PyObject *callback =
        address == NULL ? NULL : PyCFunction_New(&close_first_method, address);
    Py_XDECREF(address);
    if (callback != NULL) {
        self->watch = PyWeakref_NewRef((PyObject *)self, callback);
        Py_DECREF(callback);
    }
    return self->watch == NULL ? -1 : 0;
}

/* Life */

PyObject *
steps_in(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count < 2 || count > 3 || !PyContext_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "steps_in() takes a Context and an iterator");
        return NULL;
    }
    State *state = PyModule_GetState(module);
    Steps *self = PyObject_GC_New(Steps, state->steps);
    if (self == NULL) {
        return NULL;
    }
    self->context = Py_NewRef(args[0]);
    self->inner = Py_NewRef(args[1]);
    self->layer = count < 3 || args[2] == Py_None ? NULL : Py_NewRef(args[2]);
    self->seen = NULL;
    self->state = state;
    self->weakrefs = self->watch = NULL;
    self->is_closing = 0;
    PyObject_GC_Track(self);
    if ((PyGen_CheckExact(args[1]) || PyCoro_CheckExact(args[1])) && watch(self) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

/* Not to the watch: then it is never garbage for the collector, and called. */
static int
steps_traverse(PyObject *object, visitproc visit, void *arg)
{
    Steps *self = (Steps *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->context);
    Py_VISIT(self->inner);
    Py_VISIT(self->layer);
    Py_VISIT(self->seen);
    return 0;
}

static void
steps_dealloc(PyObject *object)
{
    Steps *self = (Steps *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_CLEAR(self->watch);
    PyObject_ClearWeakRefs(object);
    Py_CLEAR(self->inner);
    Py_CLEAR(self->layer);
    Py_CLEAR(self->seen);
    Py_CLEAR(self->context);
    PyObject_GC_Del(object);
    Py_DECREF(type);
}

/* of(inner): the same Context, and layer, for what is advanced next. */
static PyObject *
steps_of(PyObject *object, PyObject *inner)
{
    PyObject *before;
    Py_BEGIN_CRITICAL_SECTION(object);
    before = ((Steps *)object)->inner;
    ((Steps *)object)->inner = Py_NewRef(inner);
    Py_END_CRITICAL_SECTION();
    Py_DECREF(before);
    return Py_NewRef(object);
}

static PyMemberDef members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(Steps, weakrefs), Py_READONLY},
    {NULL},
};

static PyMethodDef methods[] = {
    {"of", steps_of, METH_O, "of($self, inner, /)\n--\n\n"},
    {"send", steps_send_method, METH_O, "send($self, value, /)\n--\n\n"},
    {"throw", FAST_METHOD(steps_throw), METH_FASTCALL,
     "throw($self, error, value=None, traceback=None, /)\n--\n\n"},
    {"close", steps_close, METH_NOARGS, "close($self)\n--\n\n"},
    {NULL},
};

/* No tp_clear: whatever could be in a cycle with it (a generator, a layer, a Context) can
 * be cleared itself, and a cleared one could not be closed any more. */
static PyType_Slot slots[] = {
    {Py_tp_doc, "What ``steps_in`` returns: an iterator that runs in a Context."},
    {Py_tp_dealloc, steps_dealloc},
    {Py_tp_traverse, steps_traverse},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, steps_next},
    {Py_am_await, PyObject_SelfIter},
    {Py_am_send, steps_send},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "inscope._core.native._native.Steps",
    .basicsize = sizeof(Steps),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int
step_add_types(PyObject *module, State *state)
{
    return state_make_type(module, &state->steps, &spec, NULL);
}
