/* The cell that values lie in; _core/cells.py says what a chain of them means. */
#ifndef INSCOPE_CELL_H
#define INSCOPE_CELL_H

#include "state.h"

/* Contexts share cells, and with them threads do: the fields are read and written
 * in a critical section of the cell. Python twin: python/cell.py. */
typedef struct {
    PyObject_HEAD
    PyObject *value; /* Owned. NULL once withdrawn; EMPTY in Python. */
} Cell;

/* What a bind makes, and a set inside one, or of a value that the collector follows.
 * Else, a cell is a value and nothing more: less than half as large. */
typedef struct {
    Cell cell;
    Cell *previous; /* Owned, or NULL. */
    PyObject *bind; /* Owned: the open bind that made it, or NULL. */
} LinkedCell;

void cell_dealloc(PyObject *self);
void linked_cell_dealloc(PyObject *self);

static inline int
linked_cell_check(PyObject *object)
{
    return Py_TYPE(object)->tp_dealloc == linked_cell_dealloc;
}

static inline int
cell_check(PyObject *object)
{
    return linked_cell_check(object) || Py_TYPE(object)->tp_dealloc == cell_dealloc;
}

static inline int
cell_is_linked(Cell *cell)
{
    return linked_cell_check((PyObject *)cell);
}

/* For a bind, which fills in the rest on entering. */
LinkedCell *cell_new_linked(State *state, PyObject *value);

/* For a set: around is the cell of the bind around it, or NULL. */
Cell *cell_new(State *state, PyObject *value, Cell *around);

/* All that follow return new references. */

/* The first cell of the chain that has a value; NULL, without an error, if none. */
Cell *cell_live(Cell *cell);

/* The value of that cell; NULL, without an error, if there is none. */
PyObject *cell_read_chain(Cell *cell);

static inline PyObject *
cell_read(Cell *cell)
{
    PyObject *value = NULL;
    Py_BEGIN_CRITICAL_SECTION(cell);
    LinkedCell *linked = (LinkedCell *)cell;
    if (!cell_is_linked(cell) || linked->bind != NULL || linked->previous == NULL) {
        /* nearly always */
        value = Py_XNewRef(cell->value);
    }
    Py_END_CRITICAL_SECTION();
    return value == NULL ? cell_read_chain(cell) : value;
}

/* The first cell of the chain whose bind is open; NULL if there is none. */
Cell *cell_enclosing_bind(Cell *cell);

/* The first cell with a value, of which the empty ones below are skipped from now
 * on; NULL if there is none. */
Cell *cell_shortened(Cell *cell);

/* Empty the cell: whoever holds it reads through to the previous value. */
void cell_withdraw(Cell *cell);

/* Let the cell keep its value and nothing else: its bind has ended. */
void cell_release(LinkedCell *linked);

int cell_add_types(PyObject *module, State *state);

#endif
