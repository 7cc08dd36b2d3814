/* The cell: a value, what was there before it, and the bind that made it.
 *
 *     context variable ─► cell ─► cell ─► …
 *                                previous
 *
 * What the chain means is told in _core/cells.py, whose functions work on these
 * cells too; the ones that are hot are here again. Made by var.c and bind.c, and
 * by _core/ledger.py. Python twin: python/cell.py.
 */
#include "cell.h"

#include "fields.h"
#include "spares.h"

/* Fields */

/* Take a reference to each field; NULL for none. A cell that a bind holds, and
 * whose previous cell is empty, does not count as empty itself: see live(). */
static void
load(Cell *cell, PyObject **value, Cell **previous, int *is_bind)
{
    Py_BEGIN_CRITICAL_SECTION(cell);
    *value = Py_XNewRef(cell->value);
    *previous = NULL;
    *is_bind = 0;
    if (cell_is_linked(cell)) {
        LinkedCell *linked = (LinkedCell *)cell;
        *previous = (Cell *)Py_XNewRef((PyObject *)linked->previous);
        *is_bind = linked->bind != NULL;
    }
    Py_END_CRITICAL_SECTION();
}

static int
is_empty(Cell *cell)
{
    int empty;
    Py_BEGIN_CRITICAL_SECTION(cell);
    empty = cell->value == NULL;
    Py_END_CRITICAL_SECTION();
    return empty;
}

/* Take the value away, and the bind; what was there is dropped when that is done. */
static void
empty_out(Cell *cell, Cell *previous)
{
    PyObject *old_value, *old_bind = NULL;
    Cell *old_previous = previous; /* a cell that is not linked has no place for it */
    Py_BEGIN_CRITICAL_SECTION(cell);
    old_value = cell->value;
    cell->value = NULL;
    if (cell_is_linked(cell)) {
        LinkedCell *linked = (LinkedCell *)cell;
        old_previous = linked->previous;
        old_bind = linked->bind;
        linked->previous = previous;
        linked->bind = NULL;
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(old_value);
    Py_XDECREF((PyObject *)old_previous);
    Py_XDECREF(old_bind);
}

/* Chains */

/* The first live cell of the chain, and its value if that is asked for. */
static Cell *
find_live(Cell *cell, PyObject **found)
{
    cell = (Cell *)Py_XNewRef((PyObject *)cell);
    while (cell != NULL) {
        PyObject *value;
        Cell *previous;
        int is_bind;
        load(cell, &value, &previous, &is_bind);
        if (value != NULL && (is_bind || previous == NULL || !is_empty(previous))) {
            Py_XDECREF((PyObject *)previous);
            if (found != NULL) {
                *found = value;
            }
            else {
                Py_DECREF(value);
            }
            return cell;
        }
        Py_XDECREF(value);
        Py_DECREF((PyObject *)cell);
        cell = previous;
    }
    return NULL;
}

Cell *
cell_live(Cell *cell)
{
    return find_live(cell, NULL);
}

PyObject *
cell_read_chain(Cell *cell)
{
    PyObject *value = NULL;
    Py_XDECREF((PyObject *)find_live(cell, &value));
    return value;
}

Cell *
cell_enclosing_bind(Cell *cell)
{
    cell = (Cell *)Py_XNewRef((PyObject *)cell);
    while (cell != NULL) {
        PyObject *value;
        Cell *previous;
        int is_bind;
        load(cell, &value, &previous, &is_bind);
        int found = is_bind && value != NULL;
        Py_XDECREF(value);
        if (found) {
            Py_XDECREF((PyObject *)previous);
            return cell;
        }
        Py_DECREF((PyObject *)cell);
        cell = previous;
    }
    return NULL;
}

Cell *
cell_shortened(Cell *cell)
{
    cell = cell_live(cell);
    if (cell == NULL) {
        return NULL;
    }
    PyObject *value;
    Cell *previous;
    int is_bind;
    load(cell, &value, &previous, &is_bind);
    Py_XDECREF(value);
    if (is_bind && previous != NULL) {
        Cell *below = cell_live(previous);
        if (below != previous) {
            Cell *old;
            Py_BEGIN_CRITICAL_SECTION(cell);
            old = ((LinkedCell *)cell)->previous;
            ((LinkedCell *)cell)->previous = below;
            Py_END_CRITICAL_SECTION();
            below = old;
        }
        Py_XDECREF((PyObject *)below);
    }
    Py_XDECREF((PyObject *)previous);
    return cell;
}

void
cell_withdraw(Cell *cell)
{
    PyObject *value;
    Cell *previous;
    int is_bind;
    load(cell, &value, &previous, &is_bind);
    /* previous is held by the cell or by us until its live part has been found. */
    empty_out(cell, cell_live(previous));
    Py_XDECREF(value);
    Py_XDECREF((PyObject *)previous);
}

void
cell_release(LinkedCell *linked)
{
    Cell *previous;
    PyObject *bind;
    Py_BEGIN_CRITICAL_SECTION(linked);
    previous = linked->previous;
    bind = linked->bind;
    linked->previous = NULL;
    linked->bind = NULL;
    Py_END_CRITICAL_SECTION();
    Py_XDECREF((PyObject *)previous);
    Py_XDECREF(bind);
}

/* Life */

static LinkedCell *
new_linked(State *state, PyObject *value, Cell *previous, PyObject *bind)
{
    LinkedCell *linked =
        (LinkedCell *)spares_take(&state->spare_cells, state->linked_cell);
    if (linked == NULL) {
        return NULL;
    }
    linked->cell.value = Py_XNewRef(value);
    linked->previous = (Cell *)Py_XNewRef((PyObject *)previous);
    linked->bind = Py_XNewRef(bind);
    PyObject_GC_Track(linked);
    return linked;
}

LinkedCell *
cell_new_linked(State *state, PyObject *value)
{
    return new_linked(state, value, NULL, NULL);
}

Cell *
cell_new(State *state, PyObject *value, Cell *around)
{
    if (around != NULL || PyObject_IS_GC(value)) { /* the value may lead back here */
        return (Cell *)new_linked(state, value, around, NULL);
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
linked_cell_clear(PyObject *self)
{
    empty_out((Cell *)self, NULL);
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

/* Take the cell below out of one that nobody else holds; NULL if there is none. */
static Cell *
take_below(Cell *cell)
{
    if (!cell_is_linked(cell)) {
        return NULL;
    }
    Cell *below = ((LinkedCell *)cell)->previous;
    ((LinkedCell *)cell)->previous = NULL;
    return below;
}

/* A chain may be long: the cells below that nobody else holds go in a loop. */
void
linked_cell_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, linked_cell_dealloc) /* as may a chain through the values */
    Cell *below = take_below((Cell *)self);
    linked_cell_clear(self);
    State *state = state_of_made(self);
    spares_give(state == NULL ? NULL : &state->spare_cells, self);
    Py_DECREF(type);
    while (below != NULL && Py_REFCNT(below) == 1) {
        Cell *next = take_below(below);
        Py_DECREF((PyObject *)below);
        below = next;
    }
    Py_XDECREF((PyObject *)below);
    Py_TRASHCAN_END
}

/* The fields, for _core/cells.py and _core/ledger.py */

static PyObject *
get_value(PyObject *self, void *Py_UNUSED(closure))
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return field_get(self, &((Cell *)self)->value, state->empty);
}

static PyObject *
get_none(PyObject *Py_UNUSED(self), void *Py_UNUSED(closure))
{
    Py_RETURN_NONE;
}

static int
set_value(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return field_set(self, &((Cell *)self)->value, value, state->empty);
}

static PyObject *
get_previous(PyObject *self, void *Py_UNUSED(closure))
{
    return field_get(self, (PyObject **)&((LinkedCell *)self)->previous, Py_None);
}

static int
set_previous(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (refuse_previous(value) < 0) {
        return -1;
    }
    return field_set(self, (PyObject **)&((LinkedCell *)self)->previous, value, Py_None);
}

static PyObject *
get_bind(PyObject *self, void *Py_UNUSED(closure))
{
    return field_get(self, &((LinkedCell *)self)->bind, Py_None);
}

static int
set_bind(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    return field_set(self, &((LinkedCell *)self)->bind, value, Py_None);
}

static PyGetSetDef fields[] = {
    {"value", get_value, NULL, NULL, NULL},
    {"previous", get_none, NULL, NULL, NULL},
    {"bind", get_none, NULL, NULL, NULL},
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

static PyType_Slot linked_slots[] = {
    {Py_tp_new, linked_cell_new},
    {Py_tp_dealloc, linked_cell_dealloc},
    {Py_tp_traverse, linked_cell_traverse},
    {Py_tp_clear, linked_cell_clear},
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
    return state_add_type(module, &state->linked_cell, &linked_spec,
                          (PyObject *)state->cell);
}
