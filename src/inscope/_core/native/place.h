/* Where something happens: the line of Python that called, and when. */
#ifndef INSCOPE_PLACE_H
#define INSCOPE_PLACE_H

#include "compat.h"

/* The line that runs: its code, a strong reference, and the instruction's offset; NULL
 * if that is no Python. Kept in place of the frame, which would keep every local variable
 * alive. -1 with an error. */
static inline int
place_here(PyObject **code, int *offset)
{
    PyFrameObject *frame = PyEval_GetFrame(); /* borrowed */
    if (frame == NULL) {
        *code = NULL;
        *offset = -1;
        if (PyEval_GetGlobals() != NULL) { /* some Python runs, but no memory to tell */
            PyErr_NoMemory();
            return -1;
        }
        return 0;
    }
    *code = (PyObject *)PyFrame_GetCode(frame);
    *offset = PyFrame_GetLasti(frame);
    return 0;
}

/* The same for what must be left: NULL without memory as well. */
static inline void
place_if_any(PyObject **code, int *offset)
{
    if (place_here(code, offset) < 0) {
        PyErr_Clear();
    }
}

/* (code, offset), or None; takes the reference to code. */
static inline PyObject *
place_tuple(PyObject *code, int offset)
{
    return code == NULL ? Py_NewRef(Py_None) : Py_BuildValue("Ni", code, offset);
}

/* The same for what must be left: None without memory as well. */
static inline PyObject *
place_tuple_if_any(PyObject *code, int offset)
{
    PyObject *place = place_tuple(code, offset);
    if (place == NULL) {
        PyErr_Clear();
        place = Py_NewRef(Py_None);
    }
    return place;
}

/* As time.monotonic(). */
static inline double
place_time(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    PyTime_t now;
    return PyTime_MonotonicRaw(&now) < 0 ? 0.0 : PyTime_AsSecondsDouble(now);
#else
    return _PyTime_AsSecondsDouble(_PyTime_GetMonotonicClock());
#endif
}

#endif
