/* Token: what Var.set() returns, for reset().
 *
 * It derives from AnyToken (_core/token.py). Python twin: python/var.py.
 */
#include "token.h"

PyObject *
token_new(State *state, PyObject *var, PyObject *inner, PyObject *old_value)
{
    Token *token = PyObject_GC_New(Token, state->token);
    if (token == NULL) {
        return NULL;
    }
    token->token = Py_NewRef(inner);
    token->var = Py_NewRef(var);
    token->old_value = Py_NewRef(old_value);
    token->weakrefs = NULL;
    PyObject_GC_Track(token);
    return (PyObject *)token;
}

/* Token(var, token, old_value): for Var.over, which holds plain values. */
static PyObject *
token_tp_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    PyObject *var, *inner, *old_value;
    State *state = state_of_type(type);
    if (state == NULL ||
        !PyArg_ParseTuple(args, "OOO:Token", &var, &inner, &old_value)) {
        return NULL;
    }
    return token_new(state, var, inner, old_value);
}

static int
token_traverse(PyObject *self, visitproc visit, void *arg)
{
    Token *token = (Token *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(token->token);
    Py_VISIT(token->var);
    Py_VISIT(token->old_value);
    return 0;
}

static int
token_clear(PyObject *self)
{
    Token *token = (Token *)self;
    Py_CLEAR(token->token);
    Py_CLEAR(token->var);
    Py_CLEAR(token->old_value);
    return 0;
}

static void
token_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, token_dealloc) /* of a set of a token of a set … */
    if (((Token *)self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    token_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

static PyMemberDef token_members[] = {
    {"var", Py_T_OBJECT_EX, offsetof(Token, var), Py_READONLY, NULL},
    {"old_value", Py_T_OBJECT_EX, offsetof(Token, old_value), Py_READONLY, NULL},
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(Token, weakrefs), Py_READONLY, NULL},
    {NULL},
};

static PyType_Slot token_slots[] = {
    {Py_tp_new, token_tp_new},
    {Py_tp_dealloc, token_dealloc},
    {Py_tp_traverse, token_traverse},
    {Py_tp_clear, token_clear},
    {Py_tp_members, token_members},
    {0, NULL},
};

static PyType_Spec token_spec = {
    .name = "inscope.Token",
    .basicsize = sizeof(Token),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = token_slots,
};

PyObject *
token_make_type(PyObject *module, PyObject *any_token)
{
    State *state = PyModule_GetState(module);
    if (state_make_type(module, &state->token, &token_spec, any_token) < 0) {
        return NULL;
    }
    return Py_NewRef((PyObject *)state->token);
}
