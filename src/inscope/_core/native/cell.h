/* The cell that values lie in; _core/cells.py says what a chain of them means. */
#ifndef INSCOPE_CELL_H
#define INSCOPE_CELL_H

#include "state.h"

/* Contexts share cells, and with them threads do: the fields are read and written
 * in a critical section of the cell. Python twin: python/cell.py. */
typedef struct Cell {
    PyObject_HEAD
    PyObject *value;       /* Owned. NULL once withdrawn; EMPTY in Python. */
    struct Cell *previous; /* Owned, or NULL. */
    PyObject *bind;        /* Owned: the open bind that made it, or NULL. */
} Cell;

void cell_dealloc(PyObject *self);

static inline int
cell_check(PyObject *object)
{
    return Py_TYPE(object)->tp_dealloc == cell_dealloc;
}

/* All three return new references. */
Cell *cell_new(State *state, PyObject *value, Cell *previous, PyObject *bind);

/* The first cell of the chain that has a value; NULL, without an error, if none. */
Cell *cell_live(Cell *cell);

/* The value of that cell; NULL, without an error, if there is none. */
PyObject *cell_read_chain(Cell *cell);

static inline PyObject *
cell_read(Cell *cell)
{
    PyObject *value = NULL;
    Py_BEGIN_CRITICAL_SECTION(cell);
    if (cell->bind != NULL || cell->previous == NULL) { /* nearly always */
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
void cell_release(Cell *cell);

int cell_add_types(PyObject *module, State *state);

#endif
