// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of stage.c: every row of the table of iommufd_choose_stage().
 */
#include <kunit/test.h>
#include <linux/bits.h>

#include "iommufd_private.h"

#define S1 BIT(IOMMUFD_STAGE_1)
#define S2 BIT(IOMMUFD_STAGE_2)
#define N BIT(IOMMUFD_STAGE_NESTED)

/**
 * struct stage_row - a row of the table
 * @wanted: what is asked for
 * @supported: what the IOMMU can do
 * @degraded: what that gives who takes less
 * @strict: what it gives others
 */
struct stage_row {
	enum iommufd_stage wanted;
	unsigned int supported;
	int degraded;
	int strict;
};

static const struct stage_row stage_rows[] = {
	{ IOMMUFD_STAGE_1, N, IOMMUFD_STAGE_1, IOMMUFD_STAGE_1 },
	{ IOMMUFD_STAGE_1, N | S1 | S2, IOMMUFD_STAGE_1, IOMMUFD_STAGE_1 },
	{ IOMMUFD_STAGE_1, S1 | S2, IOMMUFD_STAGE_1, IOMMUFD_STAGE_1 },
	{ IOMMUFD_STAGE_1, S1, IOMMUFD_STAGE_1, IOMMUFD_STAGE_1 },
	{ IOMMUFD_STAGE_1, S2, IOMMUFD_STAGE_2, IOMMUFD_STAGE_2 },
	{ IOMMUFD_STAGE_1, 0, -EOPNOTSUPP, -EOPNOTSUPP },
	{ IOMMUFD_STAGE_NESTED, N, IOMMUFD_STAGE_NESTED, IOMMUFD_STAGE_NESTED },
	{ IOMMUFD_STAGE_NESTED, N | S1 | S2, IOMMUFD_STAGE_NESTED,
	  IOMMUFD_STAGE_NESTED },
	{ IOMMUFD_STAGE_NESTED, S1 | S2, IOMMUFD_STAGE_2, -EOPNOTSUPP },
	{ IOMMUFD_STAGE_NESTED, S2, IOMMUFD_STAGE_2, -EOPNOTSUPP },
	{ IOMMUFD_STAGE_NESTED, S1, IOMMUFD_STAGE_1, -EOPNOTSUPP },
	{ IOMMUFD_STAGE_NESTED, 0, -EOPNOTSUPP, -EOPNOTSUPP },
};

static void describe_row(const struct stage_row *row, char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%s wanted, %s%s%s%s supported",
		 row->wanted == IOMMUFD_STAGE_1 ? "S1" : "N",
		 row->supported & N ? "N " : "", row->supported & S1 ? "S1 " : "",
		 row->supported & S2 ? "S2 " : "", row->supported ? "" : "none ");
}

KUNIT_ARRAY_PARAM(stage_row, stage_rows, describe_row);

static void who_takes_less_gets_the_best_there_is(struct kunit *test)
{
	const struct stage_row *row = test->param_value;

	KUNIT_EXPECT_EQ(test, row->degraded,
			iommufd_choose_stage(row->wanted, row->supported,
					     true));
}

static void who_does_not_gets_an_error(struct kunit *test)
{
	const struct stage_row *row = test->param_value;

	KUNIT_EXPECT_EQ(test, row->strict,
			iommufd_choose_stage(row->wanted, row->supported,
					     false));
}

static struct kunit_case stage_test_cases[] = {
	KUNIT_CASE_PARAM(who_takes_less_gets_the_best_there_is,
			 stage_row_gen_params),
	KUNIT_CASE_PARAM(who_does_not_gets_an_error, stage_row_gen_params),
	{}
};

static struct kunit_suite stage_test_suite = {
	.name = "iommufd_stage",
	.test_cases = stage_test_cases,
};

kunit_test_suite(stage_test_suite);
