/* The fields of a scope, as inscope/scope/lifecycle.py reads and assigns them. */
#include "fields.h"
#include "place.h"
#include "scope.h"

static PyObject *
life_name(State *state, int life)
{
    PyObject *names[] = {state->new_, state->active, state->closing, state->closed};
    return names[life];
}

/* Places and moments */

int
place_parse(PyObject *place, PyObject **code, int *offset)
{
    *code = NULL;
    *offset = -1;
    if (place == Py_None) {
        return 0;
    }
    if (!PyTuple_Check(place)) {
        PyErr_Format(PyExc_TypeError, "a place is a tuple or None, not %.200s",
                     Py_TYPE(place)->tp_name);
        return -1;
    }
    if (!PyArg_ParseTuple(place, "O!i", &PyCode_Type, code, offset)) {
        return -1;
    }
    Py_INCREF(*code);
    return 0;
}

void
moment_note(PyObject *self, Moment *moment, PyObject *code, int offset)
{
    double now = place_time();
    PyObject *old;
    Py_BEGIN_CRITICAL_SECTION(self);
    old = moment->code;
    moment->code = code;
    moment->offset = offset;
    moment->time = now;
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(old);
}

/* ((code, offset), time); None for never. */
static PyObject *
moment_get(PyObject *self, void *place)
{
    Moment *found = (Moment *)((char *)self + (size_t)place), moment;
    Py_BEGIN_CRITICAL_SECTION(self);
    moment = *found;
    Py_XINCREF(moment.code);
    Py_END_CRITICAL_SECTION();
    if (moment.time == 0.0) {
        Py_XDECREF(moment.code);
        Py_RETURN_NONE;
    }
    PyObject *where = place_tuple(moment.code, moment.offset);
    return where == NULL ? NULL : Py_BuildValue("Nd", where, moment.time);
}

/* Takes (place, time), or None for never. */
static int
moment_set(PyObject *self, PyObject *value, void *field)
{
    PyObject *place = Py_None, *code;
    int offset;
    double time = 0.0;
    if (value != NULL && value != Py_None) {
        if (!PyTuple_Check(value)) {
            PyErr_Format(PyExc_TypeError, "a moment is a tuple or None, not %.200s",
                         Py_TYPE(value)->tp_name);
            return -1;
        }
        if (!PyArg_ParseTuple(value, "Od", &place, &time)) {
            return -1;
        }
    }
    if (place_parse(place, &code, &offset) < 0) {
        return -1;
    }
    Moment *moment = (Moment *)((char *)self + (size_t)field);
    moment_note(self, moment, code, offset);
    Py_BEGIN_CRITICAL_SECTION(self);
    moment->time = time;
    Py_END_CRITICAL_SECTION();
    return 0;
}

/* Fields */

static PyObject *
get_object(PyObject *self, void *place)
{
    return field_get(self, (PyObject **)((char *)self + (size_t)place), Py_None);
}

static int
set_object(PyObject *self, PyObject *value, void *place)
{
    return field_set(self, (PyObject **)((char *)self + (size_t)place), value, Py_None);
}

/* Takes one that was just made here, or None. */
static int
set_token(PyObject *self, PyObject *value, void *place)
{
    Py_BEGIN_CRITICAL_SECTION(self);
    ((BareScope *)self)->home = context_here();
    Py_END_CRITICAL_SECTION();
    return set_object(self, value, place);
}

static PyObject *
get_flag(PyObject *self, void *place)
{
    char flag;
    Py_BEGIN_CRITICAL_SECTION(self);
    flag = *((char *)self + (size_t)place);
    Py_END_CRITICAL_SECTION();
    return PyBool_FromLong(flag);
}

static int
set_flag(PyObject *self, PyObject *value, void *place)
{
    int flag = value == NULL ? 0 : PyObject_IsTrue(value);
    if (flag < 0) {
        return -1;
    }
    Py_BEGIN_CRITICAL_SECTION(self);
    *((char *)self + (size_t)place) = (char)flag;
    Py_END_CRITICAL_SECTION();
    return 0;
}

static PyObject *
get_number(PyObject *self, void *place)
{
    Py_ssize_t number;
    Py_BEGIN_CRITICAL_SECTION(self);
    number = *(Py_ssize_t *)(void *)((char *)self + (size_t)place);
    Py_END_CRITICAL_SECTION();
    return PyLong_FromSsize_t(number);
}

static int
set_number(PyObject *self, PyObject *value, void *place)
{
    Py_ssize_t number = value == NULL ? 0 : PyLong_AsSsize_t(value);
    if (number == -1 && PyErr_Occurred()) {
        return -1;
    }
    Py_BEGIN_CRITICAL_SECTION(self);
    *(Py_ssize_t *)(void *)((char *)self + (size_t)place) = number;
    Py_END_CRITICAL_SECTION();
    return 0;
}

static PyObject *
get_life(PyObject *self, void *Py_UNUSED(closure))
{
    char life;
    Py_BEGIN_CRITICAL_SECTION(self);
    life = ((BareScope *)self)->life;
    Py_END_CRITICAL_SECTION();
    return Py_NewRef(life_name(((BareScope *)self)->state, life));
}

static int
set_life(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    BareScope *scope = (BareScope *)self;
    char life = NEW;
    while (life <= CLOSED && value != life_name(scope->state, life)) {
        life++;
    }
    if (life > CLOSED) {
        PyErr_SetString(PyExc_ValueError, "a scope has no such state");
        return -1;
    }
    Py_BEGIN_CRITICAL_SECTION(self);
    scope->life = life;
    Py_END_CRITICAL_SECTION();
    return 0;
}

#define AT(field) (void *)offsetof(BareScope, field)

PyGetSetDef scope_fields[] = {
    {"_scope_closed", moment_get, moment_set, NULL, AT(closed)},
    {"_scope_count", get_number, set_number, NULL, AT(count)},
    {"_scope_exits", get_object, set_object, NULL, AT(exits)},
    {"_scope_holds", get_object, set_object, NULL, AT(holds)},
    {"_scope_is_async", get_flag, set_flag, NULL, AT(is_async)},
    {"_scope_is_fork", get_flag, set_flag, NULL, AT(is_fork)},
    {"_scope_opened", moment_get, moment_set, NULL, AT(opened)},
    {"_scope_refuses", get_flag, set_flag, NULL, AT(refuses)},
    {"_scope_serial", get_number, set_number, NULL, AT(serial)},
    {"_scope_state", get_life, set_life, NULL, NULL},
    {"_scope_token", get_object, set_token, NULL, AT(token)},
    {"_scope_values", get_object, set_object, NULL, AT(values)},
    {NULL},
};
