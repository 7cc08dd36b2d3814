/* BareStack: what is hot of a LocalStack: push, pop, and the top.
 *
 * LocalStack (_core/stack.py) derives from it and adds the rest; the cells that the
 * stack is made of are in stack_view.c. Python twin: python/stack.py.
 */
#include "stack.h"

#include "arguments.h"
#include "stack_view.h"
#include "storage.h"

/* The topmost cell, full or not; the bottom if there is none. */
static StackView *
topmost(Stored *stack, PyObject *storage)
{
    PyObject *found = storage_get(stack->state, storage, stack->state->bottom);
    if (found != NULL && !view_check(found)) {
        PyErr_Format(PyExc_TypeError, "a stack's storage holds a %.200s",
                     Py_TYPE(found)->tp_name);
        Py_CLEAR(found);
    }
    return (StackView *)found;
}

static PyObject *
stack_push(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    Stored *stack = (Stored *)self;
    PyObject *item = only_argument("push", "obj", args, count, names);
    if (item == NULL) {
        return NULL;
    }
    if (stack->plain) {
        return PyObject_CallFunctionObjArgs(stack->state->push_on_list, self, item, NULL);
    }
    PyObject *storage = storage_of(stack), *view = NULL;
    StackView *below = storage == NULL ? NULL : topmost(stack, storage);
    if (below != NULL) {
        view = (PyObject *)view_new(stack->state, item, below, NULL);
    }
    if (view != NULL && storage_set(stack->state, storage, view) < 0) {
        Py_CLEAR(view);
    }
    Py_XDECREF((PyObject *)below);
    Py_XDECREF(storage);
    return view;
}

static PyObject *
stack_pop(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    Stored *stack = (Stored *)self;
    if (stack->plain) {
        return PyObject_CallOneArg(stack->state->pop_from_list, self);
    }
    PyObject *storage = storage_of(stack), *item = NULL;
    StackView *top = storage == NULL ? NULL : topmost(stack, storage);
    if (top == NULL) {
        Py_XDECREF(storage);
        return NULL;
    }
    top = view_full(top, &item);
    if (item == NULL) {
        item = Py_NewRef(Py_None);
    }
    else {
        PyObject *below;
        Py_BEGIN_CRITICAL_SECTION(top);
        below = Py_XNewRef((PyObject *)top->below);
        Py_END_CRITICAL_SECTION();
        if (storage_set(stack->state, storage, below) < 0) {
            Py_CLEAR(item);
        }
        Py_DECREF(below);
    }
    Py_DECREF((PyObject *)top);
    Py_DECREF(storage);
    return item;
}

/* Clear the error if it is the one that stands for "nothing is there". */
static void
forget_missing(State *state)
{
    if (PyErr_Occurred() && PyErr_ExceptionMatches(state->missing)) {
        PyErr_Clear();
    }
}

PyObject *
stack_top(PyObject *self)
{
    Stored *stack = (Stored *)self;
    PyObject *item = NULL;
    if (stack->plain) {
        item = PyObject_CallOneArg(stack->state->top_of_list, self);
        if (item == NULL) {
            forget_missing(stack->state);
        }
        return item;
    }
    PyObject *storage = storage_of(stack);
    if (storage == NULL) {
        return NULL;
    }
    StackView *top = topmost(stack, storage);
    if (top != NULL) {
        Py_DECREF((PyObject *)view_full(top, &item));
    }
    Py_DECREF(storage);
    return item;
}

static PyObject *
stack_peek(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *item = stack_top(self);
    if (item == NULL && !PyErr_Occurred()) {
        PyErr_SetNone(((Stored *)self)->state->missing);
    }
    return item;
}

static PyObject *
get_top(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *item = stack_top(self);
    return item == NULL && !PyErr_Occurred() ? Py_NewRef(Py_None) : item;
}

/* In the words of a property without a setter. */
static int
refuse_top(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    PyErr_Format(PyExc_AttributeError, "property 'top' of '%.200s' object has no %s",
                 Py_TYPE(self)->tp_name, value == NULL ? "deleter" : "setter");
    return -1;
}

static PyMethodDef stack_methods[] = {
    {"push", FAST_METHOD(stack_push), METH_FASTCALL | METH_KEYWORDS,
     "push($self, obj)\n--\n\nPut *obj* on the stack.\n\n"
     "Returns:\n    A read-only view of the stack as it is now."},
    {"pop", stack_pop, METH_NOARGS,
     "pop($self)\n--\n\nTake the top off and return it; ``None`` if the stack is empty."},
    {"peek", stack_peek, METH_NOARGS,
     "peek($self)\n--\n\nReturn the top, for a proxy: ``Missing`` if the stack is empty."},
    {NULL},
};

static PyGetSetDef stack_fields[] = {
    {"top", get_top, refuse_top, "The top of the stack; ``None`` if the stack is empty.", NULL},
    {"_storage", stored_get_storage, stored_set_storage, NULL, NULL},
    {"_plain", stored_get_plain, stored_set_plain, NULL, NULL},
    {NULL},
};

static PyType_Slot stack_slots[] = {
    STORED_SLOTS,
    {Py_tp_methods, stack_methods},
    {Py_tp_getset, stack_fields},
    {0, NULL},
};

static PyType_Spec stack_spec = {
    .name = "inscope._core.native._native.BareStack",
    .basicsize = sizeof(Stored),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = stack_slots,
};

int
stack_add_types(PyObject *module, State *state)
{
    return state_add_generic_type(module, &state->bare_stack, &stack_spec);
}
