// SPDX-License-Identifier: GPL-2.0-only
/*
 * The writer of JSON in tools/iommu, and the reader that the test of iommuctl uses.
 * The reader is checked by hand-written documents, good and bad ones, and the
 * writer by the reader.
 *
 * With an argument, the document of the writer is printed instead: for the reader
 * of another program, see "make check" in tools/iommu.
 */
#include "../kselftest.h"
#include "../../../iommu/json.h"
#include "json_reader.h"

static const char *const good[] = {
	"null", " [] ", "{}", "\"\"", "0", "-1.5e+10", "[1,2]", "[[],{}]",
	"{\"a\":1,\"b\":[true,false]}", "\"\\u00e9\\n\\\\\"",
};

static const char *const bad[] = {
	"", " ", "[", "]", "{", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}",
	"{a:1}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{1:2}", "nul", "True", "01",
	"1.", "-", "1e", "0x10", "'a'", "\"a", "\"\n\"", "\"\\x\"", "\"\\u12g4\"",
	"[] []", "[1]]", "[1}", "{\"a\":[}]", "\"a\" b",
};

/* Bytes of a string, and how JSON has it */
static const struct {
	const char *raw, *written;
} strings[] = {
	{ "", "\"\"" },
	{ "vfio-pci", "\"vfio-pci\"" },
	{ "say \"no\"", "\"say \\\"no\\\"\"" },
	{ "a\\b/c", "\"a\\\\b/c\"" },
	{ "\n\t\x01\x1f\x7f", "\"\\u000a\\u0009\\u0001\\u001f\\u007f\"" },
	{ "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7",
	  "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7\"" },
	/* Not UTF-8: alone, cut short, too long, a surrogate, beyond the last */
	{ "\xff", "\"\\ufffd\"" },
	{ "\xe2\x82", "\"\\ufffd\\ufffd\"" },
	{ "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
	{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
};

static void write_document(FILE *out)
{
	struct json json = { .out = out };

	json_begin_object(&json, NULL);
	json_begin_array(&json, "strings");
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		json_string(&json, NULL, strings[i].raw);
	json_end_array(&json);
	json_begin_object(&json, "a \"key\"\n");
	json_end_object(&json);
	json_begin_array(&json, "nothing");
	json_end_array(&json);
	json_begin_array(&json, "nested");
	for (int i = 0; i < 2; i++) {
		json_begin_object(&json, NULL);
		json_number(&json, "number", i ? ~0ULL : 0);
		json_hex(&json, "hex", i ? ~0ULL : 0);
		json_bool(&json, "bool", i);
		json_string(&json, "null", NULL);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
}

static bool reader_accepts_only(bool valid, const char *const *documents,
				size_t num)
{
	bool all = true;

	for (size_t i = 0; i < num; i++) {
		if (json_valid(documents[i]) == valid)
			continue;
		ksft_print_msg("%s: %s\n", documents[i],
			       valid ? "refused" : "accepted");
		all = false;
	}
	return all;
}

static bool reader_finds(void)
{
	static const char text[] =
		"{ \"a\": [ 1, { \"b\" : \"x,]}\" }, [] ], \"ab\":null }";

	return json_is(text, "a/0", "1") && json_is(text, "a/1/b", "\"x,]}\"") &&
	       json_is(text, "ab", "null") && json_count(text, "a") == 3 &&
	       !json_count(text, "a/2") && json_count(text, "b") < 0 &&
	       !json_find(text, "a/3") && !json_find(text, "a/1/c") &&
	       !json_find(text, "ab/0") && !json_find(text, "c");
}

static bool strings_are_escaped(const char *text)
{
	char path[32];
	bool all = true;

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		snprintf(path, sizeof(path), "strings/%zu", i);
		all &= json_is(text, path, strings[i].written);
	}
	return all && json_count(text, "strings") == ARRAY_SIZE(strings) &&
	       json_is(text, "a \\\"key\\\"\\u000a", "{}");
}

static bool values_are_right(const char *text)
{
	return json_is(text, "nothing", "[]") &&
	       json_is(text, "nested/0/number", "0") &&
	       json_is(text, "nested/0/hex", "\"0x0\"") &&
	       json_is(text, "nested/0/bool", "false") &&
	       json_is(text, "nested/1/number", "18446744073709551615") &&
	       json_is(text, "nested/1/hex", "\"0xffffffffffffffff\"") &&
	       json_is(text, "nested/1/bool", "true") &&
	       json_is(text, "nested/1/null", "null");
}

static void result(bool passed, const char *name)
{
	if (passed)
		ksft_test_result_pass("%s\n", name);
	else
		ksft_test_result_fail("%s\n", name);
}

int main(int argc, char **argv)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	if (argc > 1) {
		write_document(stdout);
		return 0;
	}
	ksft_print_header();
	ksft_set_plan(6);
	out = open_memstream(&text, &size);
	if (!out)
		return ksft_exit_fail_msg("open_memstream\n");
	write_document(out);
	fclose(out);

	result(reader_accepts_only(true, good, ARRAY_SIZE(good)),
	       "the reader accepts what is well formed");
	result(reader_accepts_only(false, bad, ARRAY_SIZE(bad)),
	       "the reader refuses what is not");
	result(reader_finds(), "the reader finds values");
	result(json_valid(text), "what is written is well formed");
	result(strings_are_escaped(text), "strings are escaped");
	result(values_are_right(text), "values are right");
	free(text);
	ksft_print_cnts();
	return ksft_get_fail_cnt() ? 1 : 0;
}
