// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of entries of the SMMUv3's stream table.
 *
 * The tests have a model of the SMMU of their own: a list of the fields of an
 * entry at the bit numbers of the specification (section 5.2), and which kinds
 * of entries they mean something in. What an entry means is the values of
 * these fields. A change is right if, whatever mixture of the doublewords
 * before and after each of its steps the SMMU reads, that means what the entry
 * meant before or after that step; if nothing but the old, the new and the
 * aborting entry is ever meant; and if the last step leaves the new one.
 *
 * All pairs of entries that the driver makes are tried, and many of random
 * bits. Nothing here needs an SMMU.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "arm-smmu-v3-ste.h"

/* Kinds of entries */
#define INVALID	BIT(0)
#define ABORT	BIT(1)
#define BYPASS	BIT(2)
#define S1	BIT(3)
#define S2	BIT(4)
#define NESTED	BIT(5)
#define STAGE1	(S1 | NESTED)
#define STAGE2	(S2 | NESTED)
#define TRANS	(STAGE1 | STAGE2)
#define THROUGH	(BYPASS | TRANS)

struct field {
	const char *name;
	unsigned int lsb, width, kinds;
};

/* In the order of the specification */
static const struct field fields[] = {
	{ "V", 0, 1, INVALID | ABORT | THROUGH },
	{ "Config", 1, 3, ABORT | THROUGH },
	{ "S1Fmt", 4, 2, STAGE1 },
	{ "S1ContextPtr", 6, 46, STAGE1 },
	{ "S1CDMax", 59, 5, STAGE1 },
	{ "S1DSS", 64, 2, STAGE1 },
	{ "S1CIR", 66, 2, STAGE1 },
	{ "S1COR", 68, 2, STAGE1 },
	{ "S1CSH", 70, 2, STAGE1 },
	{ "S2HWU", 72, 4, STAGE2 },
	{ "DRE", 76, 1, THROUGH },
	{ "CONT", 77, 4, THROUGH },
	{ "DCP", 81, 1, THROUGH },
	{ "PPAR", 82, 1, THROUGH },
	{ "MEV", 83, 1, TRANS },
	{ "S2FWB", 89, 1, STAGE2 },
	{ "S1MPAM", 90, 1, STAGE1 },
	{ "S1STALLD", 91, 1, STAGE1 },
	{ "EATS", 92, 2, TRANS },
	{ "STRW", 94, 2, STAGE1 },
	{ "MemAttr", 96, 4, THROUGH },
	{ "MTCFG", 100, 1, THROUGH },
	{ "ALLOCCFG", 101, 4, THROUGH },
	{ "SHCFG", 108, 2, THROUGH },
	{ "NSCFG", 110, 2, THROUGH },
	{ "PRIVCFG", 112, 2, THROUGH },
	{ "INSTCFG", 114, 2, THROUGH },
	{ "S2VMID", 128, 16, TRANS },
	{ "S2T0SZ", 160, 6, STAGE2 },
	{ "S2SL0", 166, 2, STAGE2 },
	{ "S2IR0", 168, 2, STAGE2 },
	{ "S2OR0", 170, 2, STAGE2 },
	{ "S2SH0", 172, 2, STAGE2 },
	{ "S2TG", 174, 2, STAGE2 },
	{ "S2PS", 176, 3, STAGE2 },
	{ "S2AA64", 179, 1, STAGE2 },
	{ "S2ENDI", 180, 1, STAGE2 },
	{ "S2AFFD", 181, 1, STAGE2 },
	{ "S2PTW", 182, 1, STAGE2 },
	{ "S2HD", 183, 1, STAGE2 },
	{ "S2HA", 184, 1, STAGE2 },
	{ "S2S", 185, 1, STAGE2 },
	{ "S2R", 186, 1, STAGE2 },
	{ "S2TTB", 196, 48, STAGE2 },
};

/* What an entry means */
struct meaning {
	u64 value[ARRAY_SIZE(fields)];
};

static u64 field_value(const struct arm_smmu_ste *ste, const struct field *f)
{
	return ste->dw[f->lsb / 64] >> f->lsb % 64 &
	       (f->width == 64 ? ~0ULL : BIT_ULL(f->width) - 1);
}

static u64 value_of(struct kunit *test, const struct arm_smmu_ste *ste,
		    const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (!strcmp(fields[i].name, name))
			return field_value(ste, &fields[i]);
	KUNIT_FAIL(test, "no field %s", name);
	return 0;
}

static unsigned int kind_of(const struct arm_smmu_ste *ste)
{
	if (!(ste->dw[0] & 1))
		return INVALID;
	switch (ste->dw[0] >> 1 & 7) {
	case 4:
		return BYPASS;
	case 5:
		return S1;
	case 6:
		return S2;
	case 7:
		return NESTED;
	default:
		return ABORT;
	}
}

static struct meaning meaning_of(const struct arm_smmu_ste *ste)
{
	unsigned int i, kind = kind_of(ste);
	struct meaning m = {};

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].kinds & kind)
			m.value[i] = field_value(ste, &fields[i]);
	return m;
}

static bool same(const struct meaning *a, const struct meaning *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Any doublewords of @a, the others of @b: is it as if all were of one? */
static bool mixtures_ok(const struct arm_smmu_ste *a,
			const struct arm_smmu_ste *b)
{
	struct meaning of_a = meaning_of(a), of_b = meaning_of(b);
	unsigned int mix, i;

	for (mix = 0; mix < BIT(STRTAB_STE_DWORDS); mix++) {
		struct arm_smmu_ste seen;
		struct meaning m;

		for (i = 0; i < STRTAB_STE_DWORDS; i++)
			seen.dw[i] = mix & BIT(i) ? a->dw[i] : b->dw[i];
		m = meaning_of(&seen);
		if (!same(&m, &of_a) && !same(&m, &of_b))
			return false;
	}
	return true;
}

/* Walk a change, step by step; returns whether it aborts in between */
static bool walk(struct kunit *test, const struct arm_smmu_ste *from,
		 const struct arm_smmu_ste *to, const char *what)
{
	struct meaning old = meaning_of(from), new = meaning_of(to);
	const struct arm_smmu_ste *now = from;
	struct arm_smmu_ste_plan plan;
	bool aborts = false;
	unsigned int i;

	memset(&plan, 0xff, sizeof(plan));
	arm_smmu_ste_plan(&plan, from, to);
	KUNIT_ASSERT_LE_MSG(test, plan.num, ARM_SMMU_STE_MAX_STEPS, "%s", what);
	for (i = 0; i < plan.num; i++) {
		struct meaning m = meaning_of(&plan.step[i]);

		KUNIT_EXPECT_TRUE_MSG(test, mixtures_ok(now, &plan.step[i]),
				      "%s: step %u can be seen half done",
				      what, i);
		KUNIT_EXPECT_NE_MSG(test, 0, memcmp(now, &plan.step[i],
						    sizeof(*now)),
				    "%s: step %u does nothing", what, i);
		now = &plan.step[i];
		if (same(&m, &old) || same(&m, &new))
			continue;
		aborts = true;
		KUNIT_EXPECT_EQ_MSG(test, kind_of(now), ABORT,
				    "%s: step %u means something else",
				    what, i);
	}
	KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(now, to, sizeof(*to)),
			    "%s: the last step leaves another entry", what);
	return aborts;
}

/*
 * Entries as the driver makes them, and such as may be found in memory
 */

struct state {
	const char *name;
	struct arm_smmu_ste ste;
};

enum {
	NOTHING, GARBAGE, RESERVED, ABORTING, BYPASSING,
	S1_A, S1_B, S1_ATS, S1_STALL, S1_PASIDS,
	S2_A, S2_B, S2_ATS,
	NEST_A, NEST_A_CD, NEST_A_DSS, NEST_B, STATES
};

struct ste_test {
	struct arm_smmu_device smmu;
	struct arm_smmu_master master, master_ats, master_stall;
	struct state states[STATES];
};

static const struct arm_smmu_s1_cfg s1_a = {
	.cdcfg.cdtab_dma = 0x123456789abc0,
	.cd.asid = 1,
};

static const struct arm_smmu_s1_cfg s1_b = {
	.cdcfg.cdtab_dma = 0xfffffffffffc0 & GENMASK_ULL(51, 6),
	.cd.asid = 2,
};

static const struct arm_smmu_s1_cfg s1_pasids = {
	.cdcfg.cdtab_dma = 0x40,
	.s1fmt = STRTAB_STE_0_S1FMT_64K_L2,
	.s1cdmax = 20,
};

static const struct arm_smmu_s2_cfg s2_a = {
	.vmid = 0x1234,
	.vttbr = 0x5555555555550,
	.vtcr = 0x2aaaa,
};

static const struct arm_smmu_s2_cfg s2_b = {
	.vmid = 0xfedc,
	.vttbr = 0xaaaaaaaaaaaa0,
	.vtcr = 0x55555,
	.fwb = true,
};

static void set_state(struct ste_test *t, unsigned int nr, const char *name,
		      const struct arm_smmu_ste *ste)
{
	t->states[nr].name = name;
	t->states[nr].ste = *ste;
}

/* Stage 1 of the one on stage 2 of the other */
static struct arm_smmu_ste nest(const struct arm_smmu_ste *s1,
				const struct arm_smmu_ste *s2)
{
	struct arm_smmu_ste ste = *s2;

	ste.dw[0] = s1->dw[0] | STRTAB_STE_0_V |
		    FIELD_PREP(STRTAB_STE_0_CFG, STRTAB_STE_0_CFG_NESTED);
	ste.dw[1] |= s1->dw[1];
	return ste;
}

static void make_states(struct ste_test *t)
{
	struct arm_smmu_ste ste, a, b, s2;

	memset(&ste, 0, sizeof(ste));
	set_state(t, NOTHING, "nothing", &ste);
	memset(&ste, 0xa6, sizeof(ste));
	set_state(t, GARBAGE, "garbage", &ste);
	ste.dw[0] = 3 << 1 | 1;
	set_state(t, RESERVED, "reserved Config", &ste);
	arm_smmu_ste_abort(&ste);
	set_state(t, ABORTING, "abort", &ste);
	arm_smmu_ste_bypass(&ste);
	set_state(t, BYPASSING, "bypass", &ste);

	arm_smmu_ste_stage1(&a, &t->master, &s1_a);
	set_state(t, S1_A, "stage 1", &a);
	arm_smmu_ste_stage1(&b, &t->master, &s1_b);
	set_state(t, S1_B, "other stage 1", &b);
	arm_smmu_ste_stage1(&ste, &t->master_ats, &s1_a);
	set_state(t, S1_ATS, "stage 1 with ATS", &ste);
	arm_smmu_ste_stage1(&ste, &t->master_stall, &s1_a);
	set_state(t, S1_STALL, "stage 1 with stalls", &ste);
	arm_smmu_ste_stage1(&ste, &t->master, &s1_pasids);
	set_state(t, S1_PASIDS, "stage 1 with PASIDs", &ste);

	arm_smmu_ste_stage2(&s2, &t->master, &s2_a);
	set_state(t, S2_A, "stage 2", &s2);
	ste = nest(&a, &s2);
	set_state(t, NEST_A, "nested", &ste);
	ste.dw[1] ^= STRTAB_STE_1_S1DSS;
	set_state(t, NEST_A_DSS, "nested, other S1DSS", &ste);
	ste = nest(&b, &s2);
	set_state(t, NEST_A_CD, "nested, other stage 1", &ste);
	arm_smmu_ste_stage2(&s2, &t->master, &s2_b);
	set_state(t, S2_B, "other stage 2", &s2);
	ste = nest(&a, &s2);
	set_state(t, NEST_B, "nested, other stage 2", &ste);
	arm_smmu_ste_stage2(&ste, &t->master_ats, &s2_a);
	set_state(t, S2_ATS, "stage 2 with ATS", &ste);
}

static int ste_test_init(struct kunit *test)
{
	struct ste_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->smmu.features = ARM_SMMU_FEAT_STALLS;
	t->master.smmu = &t->smmu;
	t->master_ats.smmu = &t->smmu;
	t->master_ats.ats_enabled = true;
	t->master_stall.smmu = &t->smmu;
	t->master_stall.stall_enabled = true;
	make_states(t);
	test->priv = t;
	return 0;
}

/* The model takes bits for those of a field once, and tells all kinds apart */
static void ste_test_model(struct kunit *test)
{
	struct ste_test *t = test->priv;
	struct arm_smmu_ste taken = {};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		for (j = 0; j < fields[i].width; j++) {
			unsigned int bit = fields[i].lsb + j;

			KUNIT_EXPECT_FALSE_MSG(test, taken.dw[bit / 64] &
					       BIT_ULL(bit % 64), "%s",
					       fields[i].name);
			taken.dw[bit / 64] |= BIT_ULL(bit % 64);
		}
	}
	for (i = BYPASSING; i < STATES; i++) {
		for (j = BYPASSING; j < i; j++) {
			struct meaning a = meaning_of(&t->states[i].ste);
			struct meaning b = meaning_of(&t->states[j].ste);

			KUNIT_EXPECT_FALSE_MSG(test, same(&a, &b), "%s is %s",
					       t->states[i].name,
					       t->states[j].name);
		}
	}
	/* It finds what is wrong: dw[0] and dw[3] written in one step */
	KUNIT_EXPECT_FALSE(test, mixtures_ok(&t->states[S2_A].ste,
					     &t->states[S2_B].ste));
	KUNIT_EXPECT_FALSE(test, mixtures_ok(&t->states[BYPASSING].ste,
					     &t->states[S1_A].ste));
}

static void ste_test_pairs(struct kunit *test)
{
	struct ste_test *t = test->priv;
	unsigned int i, j;
	char what[80];

	for (i = 0; i < STATES; i++) {
		for (j = 0; j < STATES; j++) {
			snprintf(what, sizeof(what), "%s to %s",
				 t->states[i].name, t->states[j].name);
			walk(test, &t->states[i].ste, &t->states[j].ste, what);
		}
	}
}

static void ste_test_same(struct kunit *test)
{
	struct ste_test *t = test->priv;
	struct arm_smmu_ste_plan plan;
	unsigned int i;

	for (i = 0; i < STATES; i++) {
		arm_smmu_ste_plan(&plan, &t->states[i].ste, &t->states[i].ste);
		KUNIT_EXPECT_EQ(test, plan.num, 0);
	}
}

/* Changes on the way of which no transaction is aborted, in both directions */
static void ste_test_direct(struct kunit *test)
{
	static const u8 pairs[][2] = {
		{ BYPASSING, S1_A }, { BYPASSING, S2_A }, { BYPASSING, NEST_A },
		{ S1_A, S1_B }, { S1_A, S1_ATS }, { S1_A, S1_STALL },
		{ S1_A, S1_PASIDS }, { S1_B, S1_PASIDS }, { S2_A, S2_ATS },
		{ S2_A, NEST_A }, { S2_A, NEST_A_CD }, { S2_A, NEST_A_DSS },
		{ NEST_A, NEST_A_CD }, { NEST_A, NEST_A_DSS },
		{ ABORTING, S1_A }, { ABORTING, S2_A }, { ABORTING, NEST_A },
		{ NOTHING, S1_A }, { NOTHING, S2_A }, { NOTHING, BYPASSING },
		{ GARBAGE, S1_A }, { GARBAGE, NEST_B },
	};
	struct ste_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct state *a = &t->states[pairs[i][0]];
		struct state *b = &t->states[pairs[i][1]];

		KUNIT_EXPECT_FALSE_MSG(test, walk(test, &a->ste, &b->ste, "to"),
				       "%s to %s", a->name, b->name);
		KUNIT_EXPECT_FALSE_MSG(test, walk(test, &b->ste, &a->ste, "from"),
				       "%s to %s", b->name, a->name);
	}
}

/* VMID and table are in two doublewords: there is no direct way */
static void ste_test_interrupted(struct kunit *test)
{
	static const u8 pairs[][2] = {
		{ S1_A, S2_A }, { S2_A, S2_B }, { NEST_A, NEST_B },
		{ S1_A, NEST_A }, { S2_B, NEST_A },
	};
	struct ste_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct state *a = &t->states[pairs[i][0]];
		struct state *b = &t->states[pairs[i][1]];

		KUNIT_EXPECT_TRUE_MSG(test, walk(test, &a->ste, &b->ste, "to"),
				      "%s to %s", a->name, b->name);
		KUNIT_EXPECT_TRUE_MSG(test, walk(test, &b->ste, &a->ste, "from"),
				      "%s to %s", b->name, a->name);
	}
}

/* Entries that differ in few bits, and such that differ in many */
static void ste_test_random(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int n, i;

	prandom_seed_state(&rnd, 0x57e);
	for (n = 0; n < 1000; n++) {
		struct arm_smmu_ste from, to;

		prandom_bytes_state(&rnd, &from, sizeof(from));
		prandom_bytes_state(&rnd, &to, sizeof(to));
		if (n % 2) {
			to = from;
			for (i = 0; i <= n / 2 % 4; i++)
				to.dw[prandom_u32_state(&rnd) % 4] ^=
					BIT_ULL(prandom_u32_state(&rnd) % 64);
		}
		walk(test, &from, &to, "random");
	}
}

static void ste_test_stage1_fields(struct kunit *test)
{
	struct ste_test *t = test->priv;
	struct arm_smmu_ste *ste = &t->states[S1_PASIDS].ste;

	KUNIT_EXPECT_EQ(test, value_of(test, ste, "V"), 1);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "Config"), 5);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S1Fmt"), 2);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S1ContextPtr"), 0x40 >> 6);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S1CDMax"), 20);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S1DSS"), 2);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S1CIR"), 1);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S1COR"), 1);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S1CSH"), 3);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S1STALLD"), 1);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "EATS"), 0);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "STRW"), 0);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2VMID"), 0);
	KUNIT_EXPECT_EQ(test, value_of(test, &t->states[S1_STALL].ste,
				       "S1STALLD"), 0);
	KUNIT_EXPECT_EQ(test, value_of(test, &t->states[S1_ATS].ste, "EATS"), 1);

	t->smmu.features |= ARM_SMMU_FEAT_E2H;
	arm_smmu_ste_stage1(ste, &t->master, &s1_a);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "STRW"), 2);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S1ContextPtr"),
			0x123456789abc0 >> 6);
	/* Without stalls the bit is reserved */
	t->smmu.features = 0;
	arm_smmu_ste_stage1(ste, &t->master, &s1_a);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S1STALLD"), 0);
}

static void ste_test_stage2_fields(struct kunit *test)
{
	struct ste_test *t = test->priv;
	struct arm_smmu_ste *ste = &t->states[S2_A].ste;

	KUNIT_EXPECT_EQ(test, value_of(test, ste, "V"), 1);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "Config"), 6);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "SHCFG"), 1);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2VMID"), 0x1234);
	/* VTCR as the STE has it: 0x2aaaa in bits 50:32 of doubleword 2 */
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2T0SZ"), 0x2a);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2SL0"), 2);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2IR0"), 2);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2OR0"), 2);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2SH0"), 2);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2TG"), 2);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2PS"), 2);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2AA64"), 1);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2PTW"), 1);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2R"), 1);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2S"), 0);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2TTB"),
			0x5555555555550 >> 4);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "EATS"), 0);
	KUNIT_EXPECT_EQ(test, value_of(test, &t->states[S2_ATS].ste, "EATS"), 1);
	KUNIT_EXPECT_EQ(test, value_of(test, ste, "S2FWB"), 0);
	KUNIT_EXPECT_EQ(test, value_of(test, &t->states[S2_B].ste, "S2FWB"), 1);
}

static struct kunit_case ste_test_cases[] = {
	KUNIT_CASE(ste_test_model),
	KUNIT_CASE(ste_test_pairs),
	KUNIT_CASE(ste_test_same),
	KUNIT_CASE(ste_test_direct),
	KUNIT_CASE(ste_test_interrupted),
	KUNIT_CASE(ste_test_random),
	KUNIT_CASE(ste_test_stage1_fields),
	KUNIT_CASE(ste_test_stage2_fields),
	{}
};

static struct kunit_suite ste_test_suite = {
	.name = "arm-smmu-v3-ste",
	.init = ste_test_init,
	.test_cases = ste_test_cases,
};

kunit_test_suite(ste_test_suite);
