/* The cell: a value, what was there before it, and the bind that made it.
 *
 *     context variable ─► cell ─► cell ─► …
 *                                previous
 *
 * What the chain means is told in _core/cells.py, whose functions work on these
 * cells too; the ones that are hot are in chain.c again. Made by var.c and bind.c,
 * and by _core/ledger.py. Python twin: python/cell.py.
 */
#include "cell.h"

#include "fields.h"
#include "spares.h"

/* Contents */

/* What it holds, taken out of it; not of a plain one. */
static Contents
taken_out(Cell *cell)
{
    Contents found = cell_contents(cell);
    if (linked_cell_check((PyObject *)cell)) {
        cell->value = ((LinkedCell *)cell)->bind = NULL;
        ((LinkedCell *)cell)->previous = NULL;
        return found;
    }
    ((TracedCell *)cell)->held = 0;
    if (found.bind != NULL) {
        ((OpenBind *)found.bind)->value = NULL;
        ((OpenBind *)found.bind)->previous = NULL;
    }
    return found;
}

void
contents_drop(Contents contents)
{
    Py_XDECREF(contents.value);
    Py_XDECREF((PyObject *)contents.previous);
    Py_XDECREF(contents.bind);
}

Contents
cell_load(Cell *cell)
{
    Contents found;
    Py_BEGIN_CRITICAL_SECTION(cell);
    found = cell_contents(cell);
    Py_XINCREF(found.value);
    Py_XINCREF((PyObject *)found.previous);
    Py_XINCREF(found.bind);
    Py_END_CRITICAL_SECTION();
    return found;
}

void
cell_empty_out(Cell *cell, Cell *previous)
{
    Contents old;
    Py_BEGIN_CRITICAL_SECTION(cell);
    if (linked_cell_check((PyObject *)cell)) {
        old = taken_out(cell);
        ((LinkedCell *)cell)->previous = previous;
    }
    else if (traced_cell_check((PyObject *)cell)) {
        old = taken_out(cell);
        ((TracedCell *)cell)->held = previous == NULL ? 0 : (uintptr_t)previous | BELOW;
    }
    else { /* which has no place for previous */
        old = (Contents){cell->value, previous, NULL};
        cell->value = NULL;
    }
    Py_END_CRITICAL_SECTION();
    contents_drop(old);
}

int
cell_put_below(Cell *cell, Cell *previous)
{
    Cell **place = NULL, *old = NULL;
    Py_BEGIN_CRITICAL_SECTION(cell);
    if (linked_cell_check((PyObject *)cell)) {
        place = &((LinkedCell *)cell)->previous;
    }
    else if (traced_cell_check((PyObject *)cell) && cell_contents(cell).bind != NULL) {
        place = &((OpenBind *)cell_contents(cell).bind)->previous;
    }
    if (place != NULL) {
        old = *place;
        *place = previous;
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF((PyObject *)old);
    return place != NULL;
}

void
cell_release(Cell *cell)
{
    Cell *previous = NULL;
    PyObject *bind = NULL;
    Py_BEGIN_CRITICAL_SECTION(cell);
    if (linked_cell_check((PyObject *)cell)) {
        LinkedCell *linked = (LinkedCell *)cell;
        previous = linked->previous;
        bind = linked->bind;
        linked->previous = NULL;
        linked->bind = NULL;
    }
    else if ((((TracedCell *)cell)->held & KINDS) == OPEN) {
        OpenBind *open = (OpenBind *)(((TracedCell *)cell)->held - OPEN);
        previous = open->previous;
        bind = (PyObject *)open;
        ((TracedCell *)cell)->held = (uintptr_t)open->value;
        open->value = NULL;
        open->previous = NULL;
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF((PyObject *)previous);
    Py_XDECREF(bind);
}

/* Life */

Cell *
cell_new_traced(State *state, PyObject *value)
{
    TracedCell *cell =
        (TracedCell *)spares_take(&state->spare_cells, state->traced_cell);
    if (cell == NULL) {
        return NULL;
    }
    cell->held = (uintptr_t)Py_NewRef(value);
    PyObject_GC_Track(cell);
    return (Cell *)cell;
}

static Cell *
new_linked(State *state, PyObject *value, Cell *previous, PyObject *bind)
{
    LinkedCell *linked = (LinkedCell *)_PyObject_GC_New(state->linked_cell);
    if (linked == NULL) {
        return NULL;
    }
    linked->cell.value = Py_XNewRef(value);
    linked->previous = (Cell *)Py_XNewRef((PyObject *)previous);
    linked->bind = Py_XNewRef(bind);
    PyObject_GC_Track(linked);
    return &linked->cell;
}

Cell *
cell_new(State *state, PyObject *value, Cell *around)
{
    if (around != NULL) {
        return new_linked(state, value, around, NULL);
    }
    if (PyObject_IS_GC(value)) { /* it may lead back here */
        return cell_new_traced(state, value);
    }
    Cell *cell = PyObject_New(Cell, state->cell);
    if (cell != NULL) {
        cell->value = Py_NewRef(value);
    }
    return cell;
}

static int
refuse_previous(PyObject *previous)
{
    if (previous == NULL || previous == Py_None || cell_check(previous)) {
        return 0;
    }
    PyErr_SetString(PyExc_TypeError, "'previous' must be a Cell or None");
    return -1;
}

static PyObject *
linked_cell_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"value", "previous", "bind", NULL};
    PyObject *value, *previous, *bind = Py_None;
    State *state = state_of_type(type);
    if (state == NULL ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O:LinkedCell", names, &value,
                                     &previous, &bind) ||
        refuse_previous(previous) < 0) {
        return NULL;
    }
    return (PyObject *)new_linked(state, value == state->empty ? NULL : value,
                                  previous == Py_None ? NULL : (Cell *)previous,
                                  bind == Py_None ? NULL : bind);
}

static int
linked_cell_traverse(PyObject *self, visitproc visit, void *arg)
{
    LinkedCell *linked = (LinkedCell *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(linked->cell.value);
    Py_VISIT((PyObject *)linked->previous);
    Py_VISIT(linked->bind);
    return 0;
}

static int
traced_cell_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)(((TracedCell *)self)->held & ~(uintptr_t)KINDS));
    return 0;
}

static int
clear_cell(PyObject *self)
{
    cell_empty_out((Cell *)self, NULL);
    return 0;
}

void
cell_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_CLEAR(((Cell *)self)->value);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* Empty one that nobody else holds; return the cell below, whose reference is the
 * caller's then, or NULL. */
static Cell *
take_below(Cell *cell)
{
    if (!traced_cell_check((PyObject *)cell) && !linked_cell_check((PyObject *)cell)) {
        return NULL;
    }
    Contents had = taken_out(cell);
    Cell *below = had.previous;
    had.previous = NULL;
    contents_drop(had);
    return below;
}

/* A chain may be long: the cells below that nobody else holds go in a loop. */
static void
drop_chain(Cell *below)
{
    while (below != NULL && Py_REFCNT(below) == 1) {
        Cell *next = take_below(below);
        Py_DECREF((PyObject *)below);
        below = next;
    }
    Py_XDECREF((PyObject *)below);
}

void
traced_cell_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, traced_cell_dealloc) /* a chain may lead through the values */
    uintptr_t held = ((TracedCell *)self)->held;
    Cell *below = NULL;
    if (LIKELY((held & KINDS) == VALUE)) {
        Py_XDECREF((PyObject *)held);
    }
    else {
        below = take_below((Cell *)self);
    }
    State *state = state_of_made(self);
    spares_give(state == NULL ? NULL : &state->spare_cells, self);
    Py_DECREF(type);
    drop_chain(below);
    Py_TRASHCAN_END
}

void
linked_cell_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, linked_cell_dealloc)
    Cell *below = take_below((Cell *)self);
    PyObject_GC_Del(self);
    Py_DECREF(type);
    drop_chain(below);
    Py_TRASHCAN_END
}

/* The fields, for _core/cells.py and _core/ledger.py */

static PyObject *
get_value(PyObject *self, void *Py_UNUSED(closure))
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Contents has = cell_load((Cell *)self);
    PyObject *value = Py_NewRef(has.value == NULL ? state->empty : has.value);
    contents_drop(has);
    return value;
}

static PyObject *
get_previous(PyObject *self, void *Py_UNUSED(closure))
{
    Contents has = cell_load((Cell *)self);
    PyObject *previous = Py_NewRef(has.previous == NULL ? Py_None : (PyObject *)has.previous);
    contents_drop(has);
    return previous;
}

static PyObject *
get_bind(PyObject *self, void *Py_UNUSED(closure))
{
    Contents has = cell_load((Cell *)self);
    PyObject *bind = Py_NewRef(has.bind == NULL ? Py_None : has.bind);
    contents_drop(has);
    return bind;
}

static int
set_value(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return field_set(self, &((Cell *)self)->value, value, state->empty);
}

static int
set_previous(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (refuse_previous(value) < 0) {
        return -1;
    }
    Cell *previous = value == NULL || value == Py_None ? NULL : (Cell *)Py_NewRef(value);
    if (!cell_put_below((Cell *)self, previous)) { /* its bind has ended meanwhile */
        Py_XDECREF((PyObject *)previous);
    }
    return 0;
}

static int
set_bind(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    return field_set(self, &((LinkedCell *)self)->bind, value, Py_None);
}

static PyGetSetDef fields[] = {
    {"value", get_value, NULL, NULL, NULL},
    {"previous", get_previous, NULL, NULL, NULL},
    {"bind", get_bind, NULL, NULL, NULL},
    {NULL},
};

static PyGetSetDef traced_fields[] = {
    {"value", get_value, NULL, NULL, NULL},
    {"previous", get_previous, set_previous, NULL, NULL},
    {"bind", get_bind, NULL, NULL, NULL},
    {NULL},
};

static PyGetSetDef linked_fields[] = {
    {"value", get_value, set_value, NULL, NULL},
    {"previous", get_previous, set_previous, NULL, NULL},
    {"bind", get_bind, set_bind, NULL, NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, cell_dealloc},
    {Py_tp_getset, fields},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "inscope._core.native._native.Cell",
    .basicsize = sizeof(Cell),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

static PyType_Slot traced_slots[] = {
    {Py_tp_dealloc, traced_cell_dealloc},
    {Py_tp_traverse, traced_cell_traverse},
    {Py_tp_clear, clear_cell},
    {Py_tp_getset, traced_fields},
    {0, NULL},
};

static PyType_Spec traced_spec = {
    .name = "inscope._core.native._native.TracedCell",
    .basicsize = sizeof(TracedCell),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = traced_slots,
};

static PyType_Slot linked_slots[] = {
    {Py_tp_new, linked_cell_new},
    {Py_tp_dealloc, linked_cell_dealloc},
    {Py_tp_traverse, linked_cell_traverse},
    {Py_tp_clear, clear_cell},
    {Py_tp_getset, linked_fields},
    {0, NULL},
};

static PyType_Spec linked_spec = {
    .name = "inscope._core.native._native.LinkedCell",
    .basicsize = sizeof(LinkedCell),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = linked_slots,
};

int
cell_add_types(PyObject *module, State *state)
{
    if (state_add_type(module, &state->cell, &spec, NULL) < 0) {
        return -1;
    }
    PyObject *base = (PyObject *)state->cell;
    if (state_add_type(module, &state->traced_cell, &traced_spec, base) < 0) {
        return -1;
    }
    return state_add_type(module, &state->linked_cell, &linked_spec, base);
}
