/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A writer of JSON (RFC 8259), to a stream.
 *
 * The caller says what begins, is and ends; commas, line breaks and escapes are
 * the writer's. @key is the name of a member of an object, and NULL for an element
 * of an array and for the document itself.
 *
 * Readers may have 53 bits for a number: what can be larger, an address for
 * example, is written as a string, by json_hex().
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdio.h>

#include <linux/types.h>

struct json {
	FILE *out;
	unsigned int depth;	/* of objects and arrays that have begun */
	bool empty;		/* nothing is in the innermost one yet */
};

void json_begin_object(struct json *json, const char *key);
void json_end_object(struct json *json);
void json_begin_array(struct json *json, const char *key);
void json_end_array(struct json *json);

/* @value: UTF-8, what is not becomes U+FFFD; NULL is null */
void json_string(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, __u64 value);
void json_hex(struct json *json, const char *key, __u64 value);
void json_bool(struct json *json, const char *key, bool value);

#endif
