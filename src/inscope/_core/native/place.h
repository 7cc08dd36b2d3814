/* Where something happens: the line of Python that called, and when. */
#ifndef INSCOPE_PLACE_H
#define INSCOPE_PLACE_H

#include "compat.h"

/* The line that runs: its code, a strong reference, and the instruction's offset.
 * Kept in place of the frame, which would keep every local variable alive. */
static inline PyObject *
place_here(int *offset)
{
    PyFrameObject *frame = PyEval_GetFrame(); /* borrowed */
    if (frame == NULL) {
        *offset = -1;
        return NULL;
    }
    *offset = PyFrame_GetLasti(frame);
    return (PyObject *)PyFrame_GetCode(frame);
}

/* (code, offset), or None; takes the reference to code. */
static inline PyObject *
place_tuple(PyObject *code, int offset)
{
    return code == NULL ? Py_NewRef(Py_None) : Py_BuildValue("Ni", code, offset);
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
