// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what is taken from a guest for the SMMUv3.
 *
 * What is allowed stands here a second time, as bit numbers of the
 * specification: every bit of a guest's stream table entry, every opcode, and
 * every bit of every command that is allowed is tried by itself. Nothing here
 * needs an SMMU.
 */
#include <kunit/test.h>
#include <linux/bitfield.h>
#include <linux/sizes.h>

#include "arm-smmu-v3-guest.h"

#define VMID	0xbeef

static int guest_test_init(struct kunit *test)
{
	struct arm_smmu_device *smmu;

	smmu = kunit_kzalloc(test, sizeof(*smmu), GFP_KERNEL);
	if (!smmu)
		return -ENOMEM;
	smmu->features = ARM_SMMU_FEAT_ATS | ARM_SMMU_FEAT_RANGE_INV |
			 ARM_SMMU_FEAT_2_LVL_CDTAB | ARM_SMMU_FEAT_STALLS;
	smmu->pgsize_bitmap = SZ_4K | SZ_2M | SZ_1G | SZ_64K | SZ_512M;
	smmu->asid_bits = 16;
	smmu->ssid_bits = 20;
	test->priv = smmu;
	return 0;
}

/*
 * Stream table entries
 */

static int ste(struct kunit *test, u64 dw0, u64 dw1,
	       struct arm_smmu_guest_ste *guest)
{
	__le64 user[2] = { cpu_to_le64(dw0), cpu_to_le64(dw1) };

	return arm_smmu_guest_ste(test->priv, user, guest);
}

/* Config 5, S1CDMax 1: nothing that a guest may set is without meaning */
#define STE_S1		(1 | 5 << 1 | 1ULL << 59)

/* Is bit n of an entry with STE_S1 the guest's to set? */
static bool ste_bit_is_free(unsigned int n)
{
	return (n >= 5 && n <= 51) ||		/* S1Fmt[1], S1ContextPtr */
	       (n >= 60 && n <= 63) ||		/* S1CDMax */
	       (n >= 64 && n <= 71) ||		/* S1DSS, S1CIR, S1COR, S1CSH */
	       n == 64 + 27 ||			/* S1STALLD */
	       n == 64 + 28;			/* EATS[0] */
}

static void guest_test_ste_bits(struct kunit *test)
{
	struct arm_smmu_guest_ste guest;
	unsigned int n;

	for (n = 0; n < 128; n++) {
		u64 dw[2] = { STE_S1, 0 };
		int rc;

		dw[n / 64] ^= BIT_ULL(n % 64);
		rc = ste(test, dw[0], dw[1], &guest);
		if (ste_bit_is_free(n)) {
			unsigned int cdmax = dw[0] >> 59;

			/* Of the bits of S1CDMax some make it too large */
			KUNIT_EXPECT_EQ_MSG(test, rc, cdmax > 20 ? -EIO : 0,
					    "bit %u", n);
			if (rc || n == 64 + 28)
				continue;
			/* And it is found in what is made of the entry */
			KUNIT_EXPECT_EQ_MSG(test, guest.dw[n / 64],
					    dw[n / 64] & ~(n < 64 ? 0xfULL : 0),
					    "bit %u", n);
			KUNIT_EXPECT_FALSE(test, guest.ats);
			continue;
		}
		switch (n) {
		case 0:		/* V: an invalid entry aborts */
		case 1:		/* Config 4: bypass */
		case 4:		/* S1Fmt 1: a format with two levels */
		case 59:	/* S1CDMax 0 */
			KUNIT_EXPECT_EQ_MSG(test, rc, 0, "bit %u", n);
			break;
		default:
			KUNIT_EXPECT_EQ_MSG(test, rc, -EIO, "bit %u", n);
		}
	}
	KUNIT_EXPECT_EQ(test, ste(test, STE_S1, BIT_ULL(28), &guest), 0);
	KUNIT_EXPECT_TRUE(test, guest.ats);
}

/* The same bits are refused in entries that say nothing with them */
static void guest_test_ste_forbidden_bits(struct kunit *test)
{
	static const u64 entries[] = { 0, 1, 1 | 4 << 1, STE_S1 };
	struct arm_smmu_guest_ste guest;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		for (n = 52; n < 128; n++) {
			u64 dw[2] = { entries[i], 0 };

			if (n >= 59 && ste_bit_is_free(n == 59 ? 60 : n))
				continue;
			dw[n / 64] |= BIT_ULL(n % 64);
			KUNIT_EXPECT_EQ_MSG(test, -EIO,
					    ste(test, dw[0], dw[1], &guest),
					    "entry %#llx, bit %u", entries[i], n);
		}
	}
}

static void guest_test_ste_config(struct kunit *test)
{
	struct arm_smmu_guest_ste guest;
	unsigned int config;

	for (config = 0; config < 8; config++) {
		int rc = ste(test, 1 | config << 1, 0, &guest);
		bool legal = config == 0 || config == 4 || config == 5;

		KUNIT_EXPECT_EQ_MSG(test, rc, legal ? 0 : -EIO, "Config %u",
				    config);
		if (legal)
			KUNIT_EXPECT_EQ(test, guest.config, config);
		/* Without V all abort, whatever Config is */
		KUNIT_EXPECT_EQ(test, ste(test, config << 1, 0, &guest), 0);
		KUNIT_EXPECT_EQ(test, guest.config, 0);
	}
	KUNIT_EXPECT_EQ(test, ste(test, 1 | 4 << 1, BIT_ULL(28), &guest), 0);
	KUNIT_EXPECT_FALSE(test, guest.ats);
}

static void guest_test_ste_cd_table(struct kunit *test)
{
	struct arm_smmu_device *smmu = test->priv;
	struct arm_smmu_guest_ste guest;
	unsigned int cdmax, fmt, dss;

	for (cdmax = 0; cdmax < 32; cdmax++) {
		for (fmt = 0; fmt < 4; fmt++) {
			for (dss = 0; dss < 4; dss++) {
				int rc = ste(test, 1 | 5 << 1 | fmt << 4 |
					     (u64)cdmax << 59, dss, &guest);
				bool ok = cdmax <= 20 &&
					  (!cdmax || (fmt < 3 && dss < 3));

				KUNIT_EXPECT_EQ_MSG(test, rc, ok ? 0 : -EIO,
						    "%u %u %u", cdmax, fmt, dss);
				/* What has no meaning is not passed on */
				if (!cdmax) {
					KUNIT_EXPECT_EQ(test, guest.dw[0], 0);
					KUNIT_EXPECT_EQ(test, guest.dw[1], 0);
				}
			}
		}
	}
	smmu->features &= ~ARM_SMMU_FEAT_2_LVL_CDTAB;
	KUNIT_EXPECT_EQ(test, ste(test, STE_S1, 0, &guest), 0);
	KUNIT_EXPECT_EQ(test, ste(test, STE_S1 | 1 << 4, 0, &guest), -EIO);
	KUNIT_EXPECT_EQ(test, ste(test, STE_S1 | 2 << 4, 0, &guest), -EIO);
	smmu->ssid_bits = 0;
	KUNIT_EXPECT_EQ(test, ste(test, STE_S1, 0, &guest), -EIO);
	KUNIT_EXPECT_EQ(test, ste(test, 1 | 5 << 1, 0, &guest), 0);
}

static void guest_test_ste_nested(struct kunit *test)
{
	struct arm_smmu_device *smmu = test->priv;
	struct arm_smmu_master master = { .smmu = smmu };
	struct arm_smmu_s2_cfg parent = {
		.vmid = VMID, .vttbr = 0x123456789abc0, .vtcr = 0x12345,
	};
	struct arm_smmu_ste plain, nested;
	struct arm_smmu_guest_ste guest;

	arm_smmu_ste_stage2(&plain, &master, &parent);
	KUNIT_ASSERT_EQ(test, 0, ste(test, STE_S1 | 0xfedcba9876540, 0xfe,
				     &guest));
	arm_smmu_ste_nested(&nested, &master, &parent, &guest);
	KUNIT_EXPECT_EQ(test, nested.dw[0],
			1 | 7 << 1 | 1ULL << 59 | 0xfedcba9876540);
	/* The guest's bits, S1STALLD and MEV; EATS, STRW and S2FWB are not his */
	KUNIT_EXPECT_EQ(test, nested.dw[1],
			plain.dw[1] | 0xfe | BIT_ULL(27) | BIT_ULL(19));
	KUNIT_EXPECT_EQ(test, 0, memcmp(&nested.dw[2], &plain.dw[2],
					6 * sizeof(u64)));
	/* Without stalls the bit is reserved */
	guest.dw[1] |= BIT_ULL(27);
	smmu->features &= ~ARM_SMMU_FEAT_STALLS;
	arm_smmu_ste_nested(&nested, &master, &parent, &guest);
	KUNIT_EXPECT_EQ(test, nested.dw[1] & BIT_ULL(27), 0);
	/* ATS is what the host has switched on */
	master.ats_enabled = true;
	arm_smmu_ste_nested(&nested, &master, &parent, &guest);
	KUNIT_EXPECT_EQ(test, nested.dw[1] >> 28 & 3, 1);
	master.ats_enabled = false;

	KUNIT_ASSERT_EQ(test, 0, ste(test, 1 | 4 << 1, 0, &guest));
	arm_smmu_ste_nested(&nested, &master, &parent, &guest);
	KUNIT_EXPECT_EQ(test, 0, memcmp(&nested, &plain, sizeof(plain)));
	KUNIT_ASSERT_EQ(test, 0, ste(test, 0, 0, &guest));
	arm_smmu_ste_nested(&nested, &master, &parent, &guest);
	arm_smmu_ste_abort(&plain);
	KUNIT_EXPECT_EQ(test, 0, memcmp(&nested, &plain, sizeof(plain)));
}

/*
 * Commands
 */

static int cmd(struct kunit *test, u64 dw0, u64 dw1,
	       struct arm_smmu_guest_cmd *guest)
{
	__le64 user[2] = { cpu_to_le64(dw0), cpu_to_le64(dw1) };

	memset(guest, 0xff, sizeof(*guest));
	return arm_smmu_guest_cmd(test->priv, VMID, user, guest);
}

/*
 * Each allowed opcode, and its fields as ranges of bits. @dw0 and @dw1 make it
 * legal with any one further bit of a field set.
 */
static const struct {
	u8 opcode, becomes;
	bool stream;
	u64 dw0, dw1;
	struct { u8 first, last; } fields[10];
} commands[] = {
	{ 0x05, 0x05, true, 0, 0, {
		{ 12, 31 }, { 32, 63 }, { 64, 64 } } },
	{ 0x06, 0x06, true, 0, 0, {
		{ 32, 63 } } },
	{ 0x10, 0x10, false, 0, 0, {
		{ 32, 47 } } },
	{ 0x11, 0x11, false, 0, 0, {
		{ 32, 47 }, { 48, 63 } } },
	/* TG is 64 KiB, TTL 3 */
	{ 0x12, 0x12, false, 0, 3 << 10 | 3 << 8, {
		{ 12, 16 }, { 20, 24 }, { 32, 47 }, { 48, 63 }, { 64, 64 },
		{ 72, 73 }, { 76, 127 } } },
	{ 0x13, 0x13, false, 0, 3 << 10 | 3 << 8, {
		{ 12, 16 }, { 20, 24 }, { 32, 47 }, { 64, 64 }, { 72, 73 },
		{ 76, 127 } } },
	{ 0x30, 0x10, false, 0, 0, { } },
	{ 0x40, 0x40, true, BIT(11), 0, {
		{ 9, 9 }, { 11, 11 }, { 12, 31 }, { 32, 63 }, { 64, 69 },
		{ 76, 127 } } },
};

static bool is_field(unsigned int i, unsigned int bit)
{
	unsigned int f;

	for (f = 0; f < ARRAY_SIZE(commands[i].fields); f++)
		if (commands[i].fields[f].last &&
		    bit >= commands[i].fields[f].first &&
		    bit <= commands[i].fields[f].last)
			return true;
	return false;
}

static void guest_test_cmd_opcodes(struct kunit *test)
{
	struct arm_smmu_guest_cmd guest;
	unsigned int opcode, i;

	for (opcode = 0; opcode < 256; opcode++) {
		int expected = -EIO;

		for (i = 0; i < ARRAY_SIZE(commands); i++)
			if (commands[i].opcode == opcode)
				expected = 0;
		KUNIT_EXPECT_EQ_MSG(test, cmd(test, opcode, 0, &guest), expected,
				    "opcode %#x", opcode);
	}
}

/* What is to become of a command whose bit is set: the same, in the host's names */
static void expect_cmd(struct kunit *test, unsigned int i, unsigned int bit,
		       const u64 *dw, const struct arm_smmu_guest_cmd *guest)
{
	u64 expected = dw[0] & ~0xffULL;
	u32 sid = 0;

	if (commands[i].stream) {
		sid = expected >> 32;
		expected = (u32)expected;
	} else {
		expected &= ~GENMASK_ULL(47, 32);
		expected |= (u64)VMID << 32;
	}
	expected |= commands[i].becomes;
	/* SSID and Global mean nothing without SSV */
	if (commands[i].opcode == 0x40 && !(dw[0] & BIT(11)))
		expected &= ~(GENMASK_ULL(31, 12) | BIT(9));
	KUNIT_EXPECT_EQ_MSG(test, guest->cmd[0], expected, "opcode %#x, bit %u",
			    commands[i].opcode, bit);
	KUNIT_EXPECT_EQ_MSG(test, guest->cmd[1], dw[1], "opcode %#x, bit %u",
			    commands[i].opcode, bit);
	KUNIT_EXPECT_EQ(test, guest->stream, commands[i].stream);
	KUNIT_EXPECT_EQ(test, guest->atc, commands[i].opcode == 0x40);
	KUNIT_EXPECT_EQ(test, guest->sid, sid);
}

static void guest_test_cmd_fields(struct kunit *test)
{
	struct arm_smmu_guest_cmd guest;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		for (bit = 8; bit < 128; bit++) {
			u64 dw[2] = { commands[i].opcode | commands[i].dw0,
				      commands[i].dw1 };
			int rc;

			/* TG has a test of its own */
			if (commands[i].dw1 && (bit == 74 || bit == 75))
				continue;
			dw[bit / 64] ^= BIT_ULL(bit % 64);
			rc = cmd(test, dw[0], dw[1], &guest);
			KUNIT_EXPECT_EQ_MSG(test, rc,
					    is_field(i, bit) ? 0 : -EIO,
					    "opcode %#x, bit %u",
					    commands[i].opcode, bit);
			if (!rc)
				expect_cmd(test, i, bit, dw, &guest);
		}
	}
}

static void guest_test_cmd_foreign_vmid(struct kunit *test)
{
	struct arm_smmu_guest_cmd guest;

	KUNIT_ASSERT_EQ(test, 0, cmd(test, 0x11 | 0x5678123400000000, 0, &guest));
	KUNIT_EXPECT_EQ(test, guest.cmd[0], 0x5678000000000011 | (u64)VMID << 32);
	/* What would be everybody's is the guest's own */
	KUNIT_ASSERT_EQ(test, 0, cmd(test, 0x30, 0, &guest));
	KUNIT_EXPECT_EQ(test, guest.cmd[0], 0x10 | (u64)VMID << 32);
}

static void guest_test_cmd_asid(struct kunit *test)
{
	struct arm_smmu_device *smmu = test->priv;
	struct arm_smmu_guest_cmd guest;

	smmu->asid_bits = 8;
	KUNIT_EXPECT_EQ(test, 0, cmd(test, 0x11 | 0x00ffULL << 48, 0, &guest));
	KUNIT_EXPECT_EQ(test, -EIO, cmd(test, 0x11 | 0x0100ULL << 48, 0, &guest));
	KUNIT_EXPECT_EQ(test, -EIO, cmd(test, 0x12 | 0x8000ULL << 48, 0, &guest));
	/* These bits are a StreamID */
	KUNIT_EXPECT_EQ(test, 0, cmd(test, 0x06 | 0x8000ULL << 48, 0, &guest));
}

static void guest_test_cmd_range(struct kunit *test)
{
	struct arm_smmu_device *smmu = test->priv;
	struct arm_smmu_guest_cmd guest;
	unsigned int tg, ttl, num, ril;

	for (ril = 0; ril < 2; ril++) {
		for (tg = 0; tg < 4; tg++) {
			for (ttl = 0; ttl < 4; ttl++) {
				for (num = 0; num < 3; num++) {
					u64 dw0 = num == 1 ? 1 << 12 :
						  num == 2 ? 1 << 20 : 0;
					u64 dw1 = tg << 10 | ttl << 8;
					/* No 16 KiB here */
					bool ok = tg ? ril && tg != 2 &&
						       (num || ttl) :
						       !num && !ttl;

					KUNIT_EXPECT_EQ_MSG(test, ok ? 0 : -EIO,
							    cmd(test, 0x12 | dw0,
								dw1, &guest),
							    "%u %u %u %u", ril,
							    tg, ttl, num);
					KUNIT_EXPECT_EQ(test, ok ? 0 : -EIO,
							cmd(test, 0x13 | dw0,
							    dw1, &guest));
				}
			}
		}
		/* The second time with ranges */
		smmu->features |= ARM_SMMU_FEAT_RANGE_INV;
	}
	smmu->pgsize_bitmap |= SZ_16K | SZ_32M;
	KUNIT_EXPECT_EQ(test, 0, cmd(test, 0x12, 2 << 10 | 2 << 8, &guest));
	KUNIT_EXPECT_EQ(test, -EIO, cmd(test, 0x12, 2 << 10 | 1 << 8, &guest));
}

static void guest_test_cmd_range_init(struct kunit *test)
{
	struct arm_smmu_device *smmu = test->priv;

	smmu->features &= ~ARM_SMMU_FEAT_RANGE_INV;
	guest_test_cmd_range(test);
}

static void guest_test_cmd_atc(struct kunit *test)
{
	struct arm_smmu_device *smmu = test->priv;
	struct arm_smmu_guest_cmd guest;
	unsigned int size;

	for (size = 0; size < 64; size++)
		KUNIT_EXPECT_EQ_MSG(test, size > 52 ? -EIO : 0,
				    cmd(test, 0x40, size, &guest), "%u", size);
	smmu->features &= ~ARM_SMMU_FEAT_ATS;
	KUNIT_EXPECT_EQ(test, -EIO, cmd(test, 0x40, 0, &guest));
}

/*
 * Events
 */

static void guest_test_events(struct kunit *test)
{
	static const u8 own[] = { 0x06, 0x08, 0x0a, 0x10, 0x11, 0x12, 0x13 };
	unsigned int id, i, s2;

	for (id = 0; id < 256; id++) {
		for (s2 = 0; s2 < 2; s2++) {
			u64 evt[4] = { 0x1234567800abc800 | id,
				       0xffffff7fffffffff | (u64)s2 << 39,
				       0x2222222222222222, 0x3333333333333333 };
			__le64 guest[4] = {};
			bool expected = false;

			for (i = 0; i < ARRAY_SIZE(own); i++)
				expected |= own[i] == id && (!s2 || id < 0x10);
			KUNIT_EXPECT_EQ_MSG(test, expected,
					    arm_smmu_guest_event(evt, 0x9abcdef0,
								 guest),
					    "event %#x, stage %u", id, 1 + s2);
			if (!expected)
				continue;
			KUNIT_EXPECT_EQ(test, le64_to_cpu(guest[0]),
					0x9abcdef000abc800 | id);
			for (i = 1; i < 4; i++)
				KUNIT_EXPECT_EQ(test, le64_to_cpu(guest[i]),
						evt[i]);
		}
	}
}

static struct kunit_case guest_test_cases[] = {
	KUNIT_CASE(guest_test_ste_bits),
	KUNIT_CASE(guest_test_ste_forbidden_bits),
	KUNIT_CASE(guest_test_ste_config),
	KUNIT_CASE(guest_test_ste_cd_table),
	KUNIT_CASE(guest_test_ste_nested),
	KUNIT_CASE(guest_test_cmd_opcodes),
	KUNIT_CASE(guest_test_cmd_fields),
	KUNIT_CASE(guest_test_cmd_foreign_vmid),
	KUNIT_CASE(guest_test_cmd_asid),
	KUNIT_CASE(guest_test_cmd_range_init),
	KUNIT_CASE(guest_test_cmd_atc),
	KUNIT_CASE(guest_test_events),
	{}
};

static struct kunit_suite guest_test_suite = {
	.name = "arm-smmu-v3-guest",
	.init = guest_test_init,
	.test_cases = guest_test_cases,
};

kunit_test_suite(guest_test_suite);
