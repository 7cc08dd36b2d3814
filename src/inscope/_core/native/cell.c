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
    *previous = (Cell *)Py_XNewRef((PyObject *)cell->previous);
    *is_bind = cell->bind != NULL;
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

/* Store what is given and drop what was there, after the change is complete. */
static void
store(Cell *cell, PyObject *value, Cell *previous, PyObject *bind)
{
    PyObject *old_value, *old_bind;
    Cell *old_previous;
    Py_BEGIN_CRITICAL_SECTION(cell);
    old_value = cell->value;
    old_previous = cell->previous;
    old_bind = cell->bind;
    cell->value = value;
    cell->previous = previous;
    cell->bind = bind;
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
            old = cell->previous;
            cell->previous = below;
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
    store(cell, NULL, cell_live(previous), NULL);
    Py_XDECREF(value);
    Py_XDECREF((PyObject *)previous);
}

void
cell_release(Cell *cell)
{
    Cell *previous;
    PyObject *bind;
    Py_BEGIN_CRITICAL_SECTION(cell);
    previous = cell->previous;
    bind = cell->bind;
    cell->previous = NULL;
    cell->bind = NULL;
    Py_END_CRITICAL_SECTION();
    Py_XDECREF((PyObject *)previous);
    Py_XDECREF(bind);
}

/* Life */

Cell *
cell_new(State *state, PyObject *value, Cell *previous, PyObject *bind)
{
    Cell *cell = (Cell *)spares_take(&state->spare_cells, state->cell);
    if (cell == NULL) {
        return NULL;
    }
    cell->value = Py_XNewRef(value);
    cell->previous = (Cell *)Py_XNewRef((PyObject *)previous);
    cell->bind = Py_XNewRef(bind);
    PyObject_GC_Track(cell);
    return cell;
}

static PyObject *
cell_tp_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"value", "previous", "bind", NULL};
    PyObject *value, *previous, *bind = Py_None;
    State *state = state_of_type(type);
    if (state == NULL || !PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O:Cell", names,
                                                      &value, &previous, &bind)) {
        return NULL;
    }
    if (previous != Py_None && !cell_check(previous)) {
        PyErr_SetString(PyExc_TypeError, "'previous' must be a Cell or None");
        return NULL;
    }
    return (PyObject *)cell_new(state, value == state->empty ? NULL : value,
                                previous == Py_None ? NULL : (Cell *)previous,
                                bind == Py_None ? NULL : bind);
}

static int
cell_traverse(PyObject *self, visitproc visit, void *arg)
{
    Cell *cell = (Cell *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(cell->value);
    Py_VISIT((PyObject *)cell->previous);
    Py_VISIT(cell->bind);
    return 0;
}

static int
cell_clear(PyObject *self)
{
    store((Cell *)self, NULL, NULL, NULL);
    return 0;
}

/* A chain may be long: the cells below that nobody else holds go in a loop. */
void
cell_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, cell_dealloc) /* and so may a chain through the values */
    Cell *cell = (Cell *)self, *below = cell->previous;
    cell->previous = NULL;
    cell_clear(self);
    State *state = state_of_made(self);
    spares_give(state == NULL ? NULL : &state->spare_cells, self);
    Py_DECREF(type);
    while (below != NULL && Py_REFCNT(below) == 1) {
        Cell *next = below->previous;
        below->previous = NULL;
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

static int
set_value(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return field_set(self, &((Cell *)self)->value, value, state->empty);
}

static PyObject *
get_previous(PyObject *self, void *Py_UNUSED(closure))
{
    return field_get(self, (PyObject **)&((Cell *)self)->previous, Py_None);
}

static int
set_previous(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (value != NULL && value != Py_None && !cell_check(value)) {
        PyErr_SetString(PyExc_TypeError, "'previous' must be a Cell or None");
        return -1;
    }
    return field_set(self, (PyObject **)&((Cell *)self)->previous, value, Py_None);
}

static PyObject *
get_bind(PyObject *self, void *Py_UNUSED(closure))
{
    return field_get(self, &((Cell *)self)->bind, Py_None);
}

static int
set_bind(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    return field_set(self, &((Cell *)self)->bind, value, Py_None);
}

static PyGetSetDef fields[] = {
    {"value", get_value, set_value, NULL, NULL},
    {"previous", get_previous, set_previous, NULL, NULL},
    {"bind", get_bind, set_bind, NULL, NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, cell_tp_new},
    {Py_tp_dealloc, cell_dealloc},
    {Py_tp_traverse, cell_traverse},
    {Py_tp_clear, cell_clear},
    {Py_tp_getset, fields},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "inscope._core.native._native.Cell",
    .basicsize = sizeof(Cell),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

int
cell_add_types(PyObject *module, State *state)
{
    return state_add_type(module, &state->cell, &spec, NULL);
}
