/* StackView: a cell of a stack, and the view of the stack from there down.
 *
 *     context variable ─► ■ "b" ─► ■ "a" ─► bottom
 *                            below    below
 *
 * It derives from View (_core/stack_view.py), which has all that is not hot. Made by
 * stack.c, and by _core/ledger.py. Python twin: python/stack.py.
 */
#include "stack_view.h"

#include "fields.h"
#include "spares.h"

StackView *
view_new(State *state, PyObject *item, StackView *below, PyObject *bind)
{
    StackView *view = (StackView *)spares_take(&state->spare_views, state->stack_view);
    if (view == NULL) {
        return NULL;
    }
    view->item = Py_XNewRef(item);
    view->below = (StackView *)Py_XNewRef((PyObject *)below);
    view->bind = Py_XNewRef(bind);
    view->weakrefs = NULL;
    PyObject_GC_Track(view);
    return view;
}

StackView *
view_full(StackView *view, PyObject **item)
{
    for (;;) {
        StackView *below = NULL;
        Py_BEGIN_CRITICAL_SECTION(view);
        *item = Py_XNewRef(view->item);
        if (view->item == NULL) {
            below = (StackView *)Py_XNewRef((PyObject *)view->below);
        }
        Py_END_CRITICAL_SECTION();
        if (below == NULL) {
            return view;
        }
        Py_DECREF((PyObject *)view);
        view = below;
    }
}

static PyObject *
view_tp_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"item", "below", "bind", NULL};
    PyObject *item, *below, *bind = Py_None;
    State *state = state_of_type(type);
    if (state == NULL || !PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O:StackView",
                                                      names, &item, &below, &bind)) {
        return NULL;
    }
    if (below != Py_None && !view_check(below)) {
        PyErr_SetString(PyExc_TypeError, "'below' must be a StackView or None");
        return NULL;
    }
    return (PyObject *)view_new(state, item == state->empty ? NULL : item,
                                below == Py_None ? NULL : (StackView *)below,
                                bind == Py_None ? NULL : bind);
}

static int
view_traverse(PyObject *self, visitproc visit, void *arg)
{
    StackView *view = (StackView *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(view->item);
    Py_VISIT((PyObject *)view->below);
    Py_VISIT(view->bind);
    return 0;
}

static int
view_clear(PyObject *self)
{
    StackView *view = (StackView *)self;
    Py_CLEAR(view->item);
    Py_CLEAR(view->bind);
    StackView *below = view->below;
    view->below = NULL;
    Py_XDECREF((PyObject *)below);
    return 0;
}

/* A stack may be deep: the cells below that nobody else holds go in a loop. */
void
view_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, view_dealloc) /* and so may a chain through the items */
    if (((StackView *)self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    StackView *below = ((StackView *)self)->below;
    ((StackView *)self)->below = NULL;
    view_clear(self);
    State *state = state_of_made(self);
    spares_give(state == NULL ? NULL : &state->spare_views, self);
    Py_DECREF(type);
    while (below != NULL && Py_REFCNT(below) == 1) {
        StackView *next = (StackView *)Py_XNewRef((PyObject *)below->below);
        if (below->weakrefs == NULL) { /* whose callbacks may look at it */
            Py_CLEAR(below->below);
        }
        Py_DECREF((PyObject *)below);
        below = next;
    }
    Py_XDECREF((PyObject *)below);
    Py_TRASHCAN_END
}

/* The fields, for View and _core/ledger.py */

static PyObject *
get_item(PyObject *self, void *Py_UNUSED(closure))
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return field_get(self, &((StackView *)self)->item, state->empty);
}

static int
set_item(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return field_set(self, &((StackView *)self)->item, value, state->empty);
}

static PyObject *
get_below(PyObject *self, void *Py_UNUSED(closure))
{
    return field_get(self, (PyObject **)&((StackView *)self)->below, Py_None);
}

static int
set_below(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (value != NULL && !view_check(value)) {
        PyErr_SetString(PyExc_TypeError, "'below' must be a StackView");
        return -1;
    }
    return field_set(self, (PyObject **)&((StackView *)self)->below, value, Py_None);
}

static PyObject *
get_bind(PyObject *self, void *Py_UNUSED(closure))
{
    return field_get(self, &((StackView *)self)->bind, Py_None);
}

static int
set_bind(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    return field_set(self, &((StackView *)self)->bind, value, Py_None);
}

static PyGetSetDef view_fields[] = {
    {"_item", get_item, set_item, NULL, NULL},
    {"_below", get_below, set_below, NULL, NULL},
    {"_bind", get_bind, set_bind, NULL, NULL},
    {NULL},
};

static PyMemberDef view_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(StackView, weakrefs), Py_READONLY, NULL},
    {NULL},
};

static PyType_Slot view_slots[] = {
    {Py_tp_new, view_tp_new},
    {Py_tp_dealloc, view_dealloc},
    {Py_tp_traverse, view_traverse},
    {Py_tp_clear, view_clear},
    {Py_tp_getset, view_fields},
    {Py_tp_members, view_members},
    {0, NULL},
};

static PyType_Spec view_spec = {
    .name = "inscope._core.native._native.StackView",
    .basicsize = sizeof(StackView),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = view_slots,
};

PyObject *
view_make_type(PyObject *module, PyObject *view)
{
    State *state = PyModule_GetState(module);
    if (state_make_type(module, &state->stack_view, &view_spec, view) < 0) {
        return NULL;
    }
    Py_XSETREF(state->bottom, (PyObject *)view_new(state, NULL, NULL, NULL));
    return state->bottom == NULL ? NULL : PyTuple_Pack(2, state->stack_view, state->bottom);
}
