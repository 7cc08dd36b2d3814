/* iterate_in_scope(): a call with a scope around it, and around what it returns.
 *
 *     Context ── open scope ── function(…) ── step ── step ── … ── close ── close scope
 *
 * Made for inscope/web/wsgi.py. Python twin: python/iterator.py.
 */
#include "iterator.h"

#include "place.h"
#include "scope.h"

typedef struct {
    PyObject_HEAD
    PyObject *context;  /* Owned. */
    PyObject *scope;    /* Owned; NULL once it is closed. */
    PyObject *iterable; /* Owned; NULL once it is closed. */
    PyObject *steps;    /* Owned: what iter() made of it; NULL before, and once closed. */
    PyObject *error;    /* Owned: of the last step that failed; or NULL. */
    State *state;       /* Borrowed: lives as long as the type does. */
    PyObject *weakrefs; /* Owned by the interpreter. */
    Py_ssize_t length;  /* Of the iterable, if that is a list or a tuple. */
} ScopedIterator;

/* Close the scope here; -1 with an error. */
static int
close_scope(PyObject *scope, PyObject *error)
{
    PyObject *code;
    int offset;
    place_if_any(&code, &offset);
    return scope_close(scope, error == NULL ? Py_None : error, code, offset);
}

/* Close the scope because of the error that is set, and leave that or a later one set. */
static void
close_scope_failed(PyObject *scope)
{
    PyObject *before = PyErr_GetHandledException(), *error = PyErr_GetRaisedException();
    PyErr_SetHandledException(error); /* as an except block does */
    int closed = close_scope(scope, error);
    PyErr_SetHandledException(before);
    Py_XDECREF(before);
    if (closed < 0) {
        Py_DECREF(error);
    }
    else {
        PyErr_SetRaisedException(error);
    }
}

/* Steps */

static PyObject *
steps_of(ScopedIterator *self)
{
    PyObject *steps, *iterable;
    Py_BEGIN_CRITICAL_SECTION(self);
    steps = Py_XNewRef(self->steps);
    iterable = Py_XNewRef(self->iterable);
    Py_END_CRITICAL_SECTION();
    if (steps != NULL || iterable == NULL) { /* NULL: closed meanwhile */
        Py_XDECREF(iterable);
        return steps;
    }
    steps = PyObject_GetIter(iterable);
    Py_DECREF(iterable);
    PyObject *before = NULL;
    Py_BEGIN_CRITICAL_SECTION(self);
    if (self->scope != NULL) {
        before = self->steps;
        self->steps = Py_XNewRef(steps);
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(before);
    return steps;
}

/* Keep the error that is set, unless it is the end: the scope ends with it. */
static void
keep_error(ScopedIterator *self)
{
    if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_StopIteration)) {
        return;
    }
    PyObject *error = PyErr_GetRaisedException(), *before;
    Py_BEGIN_CRITICAL_SECTION(self);
    before = self->error;
    self->error = Py_NewRef(error);
    Py_END_CRITICAL_SECTION();
    PyErr_SetRaisedException(error);
    Py_XDECREF(before);
}

static int
is_closed(ScopedIterator *self)
{
    int closed;
    Py_BEGIN_CRITICAL_SECTION(self);
    closed = self->scope == NULL;
    Py_END_CRITICAL_SECTION();
    return closed;
}

static PyObject *
iterator_next(PyObject *object)
{
    ScopedIterator *self = (ScopedIterator *)object;
    if (is_closed(self) || PyContext_Enter(self->context) < 0) {
        return NULL;
    }
    PyObject *steps = steps_of(self);
    PyObject *item = steps == NULL ? NULL : Py_TYPE(steps)->tp_iternext(steps);
    if (item == NULL) {
        keep_error(self);
    }
    Py_XDECREF(steps);
    if (PyContext_Exit(self->context) < 0) {
        Py_CLEAR(item);
    }
    return item;
}

/* The end */

/* Call close() of the iterable, if it has one; -1 with an error. */
static int
close_iterable(ScopedIterator *self, PyObject *iterable)
{
    PyObject *close;
    if (PyList_CheckExact(iterable) || PyTuple_CheckExact(iterable)) {
        return 0;
    }
    if (PyObject_GetOptionalAttr(iterable, self->state->close, &close) < 0) {
        return -1;
    }
    if (close == NULL || close == Py_None) {
        Py_XDECREF(close);
        return 0;
    }
    PyObject *done = PyObject_CallNoArgs(close);
    Py_DECREF(close);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* In the Context. -1 with an error. */
static int
close_here(ScopedIterator *self)
{
    PyObject *scope, *iterable, *steps, *error;
    Py_BEGIN_CRITICAL_SECTION(self);
    scope = self->scope;
    iterable = self->iterable;
    steps = self->steps;
    error = self->error;
    self->scope = self->iterable = self->steps = self->error = NULL;
    Py_END_CRITICAL_SECTION();
    int result = 0;
    if (scope != NULL) { /* NULL: closed in another thread meanwhile */
        if (close_iterable(self, iterable) < 0) {
            close_scope_failed(scope);
            result = -1;
        }
        else {
            result = close_scope(scope, error);
        }
    }
    Py_XDECREF(scope);
    Py_XDECREF(iterable);
    Py_XDECREF(steps);
    Py_XDECREF(error);
    return result;
}

static PyObject *
iterator_close(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    ScopedIterator *self = (ScopedIterator *)object;
    if (is_closed(self)) {
        Py_RETURN_NONE;
    }
    if (PyContext_Enter(self->context) < 0) {
        return NULL;
    }
    int result = close_here(self);
    if (PyContext_Exit(self->context) < 0) {
        result = -1;
    }
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

static void
iterator_finalize(PyObject *object)
{
    ScopedIterator *self = (ScopedIterator *)object;
    if (is_closed(self)) {
        return;
    }
    PyObject *error = PyErr_GetRaisedException();
    PyObject *done = PyObject_CallOneArg(self->state->close_dropped, object);
    if (done == NULL) {
        PyErr_WriteUnraisable(object);
    }
    Py_XDECREF(done);
    if (error != NULL) {
        PyErr_SetRaisedException(error);
    }
}

/* Life */

/* Takes the reference to iterable, also on failure. */
static PyObject *
iterator_over(State *state, PyObject *context, PyObject *scope, PyObject *iterable)
{
    int sized = PyList_Check(iterable) || PyTuple_Check(iterable);
    PyTypeObject *type = sized ? state->sized_iterator : state->scoped_iterator;
    Py_ssize_t length = sized ? PyObject_Size(iterable) : 0;
    ScopedIterator *self =
        length < 0 ? NULL : (ScopedIterator *)type->tp_alloc(type, 0);
    if (self == NULL) {
        Py_DECREF(iterable);
        return NULL;
    }
    self->context = Py_NewRef(context);
    self->scope = Py_NewRef(scope);
    self->iterable = iterable;
    self->state = state;
    self->length = length;
    return (PyObject *)self;
}

/* Open the scope in context, which is the current one, and call the function. */
static PyObject *
called(State *state, PyObject *context, PyObject *const *args, Py_ssize_t count)
{
    PyObject *scope = args[0], *code;
    int offset;
    if (place_here(&code, &offset) < 0 || scope_open(scope, code, offset) < 0) {
        return NULL;
    }
    PyObject *result = PyObject_Vectorcall(args[1], args + 2, count - 2, NULL);
    if (result != NULL) {
        result = iterator_over(state, context, scope, result);
    }
    if (result == NULL) {
        close_scope_failed(scope);
    }
    return result;
}

PyObject *
iterate_in_scope(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count < 2 || !scope_check(args[0])) {
        PyErr_SetString(PyExc_TypeError,
                        "iterate_in_scope() takes a scope and a function");
        return NULL;
    }
    PyObject *context = PyContext_CopyCurrent();
    if (context == NULL || PyContext_Enter(context) < 0) {
        Py_XDECREF(context);
        return NULL;
    }
    PyObject *iterator = called(PyModule_GetState(module), context, args, count);
    if (PyContext_Exit(context) < 0) {
        Py_CLEAR(iterator);
    }
    Py_DECREF(context);
    return iterator;
}

static int
iterator_traverse(PyObject *object, visitproc visit, void *arg)
{
    ScopedIterator *self = (ScopedIterator *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->context);
    Py_VISIT(self->scope);
    Py_VISIT(self->iterable);
    Py_VISIT(self->steps);
    Py_VISIT(self->error);
    return 0;
}

/* The context stays: without a scope, nobody enters it any more. */
static int
iterator_clear(PyObject *object)
{
    ScopedIterator *self = (ScopedIterator *)object;
    Py_CLEAR(self->scope);
    Py_CLEAR(self->iterable);
    Py_CLEAR(self->steps);
    Py_CLEAR(self->error);
    return 0;
}

static void
iterator_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (PyObject_CallFinalizerFromDealloc(object) < 0) {
        return; /* somebody has kept it */
    }
    PyObject_GC_UnTrack(object);
    if (((ScopedIterator *)object)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(object);
    }
    iterator_clear(object);
    Py_CLEAR(((ScopedIterator *)object)->context);
    type->tp_free(object);
    Py_DECREF(type);
}

static Py_ssize_t
iterator_length(PyObject *object)
{
    return ((ScopedIterator *)object)->length;
}

static PyMethodDef methods[] = {
    {"close", iterator_close, METH_NOARGS,
     "close($self)\n--\n\nClose the iterable, and then the scope."},
    {NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(ScopedIterator, weakrefs),
     Py_READONLY, NULL},
    {NULL},
};

PyDoc_STRVAR(doc, "What ``iterate_in_scope`` returns. Closed once, at the latest\n\
when dropped.");

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)doc},
    {Py_tp_dealloc, iterator_dealloc},
    {Py_tp_finalize, iterator_finalize},
    {Py_tp_traverse, iterator_traverse},
    {Py_tp_clear, iterator_clear},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, iterator_next},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "inscope._core.native._native.ScopedIterator",
    .basicsize = sizeof(ScopedIterator),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

static PyType_Slot slots_of_sized[] = {
    {Py_sq_length, iterator_length},
    {0, NULL},
};

static PyType_Spec spec_of_sized = {
    .name = "inscope._core.native._native.SizedScopedIterator",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots_of_sized,
};

int
iterator_add_types(PyObject *module, State *state)
{
    if (state_make_type(module, &state->scoped_iterator, &spec, NULL) < 0) {
        return -1;
    }
    PyObject *base = (PyObject *)state->scoped_iterator;
    return state_make_type(module, &state->sized_iterator, &spec_of_sized, base);
}
