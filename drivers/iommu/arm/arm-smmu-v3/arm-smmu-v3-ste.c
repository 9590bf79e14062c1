// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries of the SMMUv3's stream table (STE).
 *
 * An entry says what becomes of the transactions of one stream. It has eight
 * doublewords in memory, and the SMMU may read them at any time, each at once,
 * but all of them in no order and at no one time; what it has read it may keep
 * until it is told to invalidate it (section 3.21 of the specification). So
 * while an entry is rewritten the SMMU may see any mixture of old and new
 * doublewords. What makes this safe is that it does not look at all of an
 * entry: which bits it looks at follows from V and Config (section 5.2).
 *
 * Thus a change goes in steps, each of which is completed by an invalidation,
 * such that any mixture of the doublewords before and after a step means, for
 * the SMMU, what the one or the other of them does. arm_smmu_ste_plan() finds
 * the steps, without touching hardware; the caller carries them out. The
 * stream goes from the old to the new meaning directly if they differ, in bits
 * that the SMMU looks at, in one doubleword only; else its transactions are
 * aborted in between, without an event, and never by half of an entry.
 *
 * Nothing here allocates memory or fails, or needs a lock but the caller's,
 * which keeps two from changing the same entry.
 */
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/string.h>

#include "arm-smmu-v3-ste.h"

/* Fields of doubleword 1 that the base driver does not use, section 5.2 */
#define STE_1_S2HWU		GENMASK_ULL(11, 8)
#define STE_1_DRE_TO_PPAR	GENMASK_ULL(18, 12)
#define STE_1_S1MPAM		BIT_ULL(26)
#define STE_1_MEMATTR_TO_ALLOC	GENMASK_ULL(40, 32)
#define STE_1_SHCFG_TO_INSTCFG	GENMASK_ULL(51, 44)

/* What the SMMU looks at, at most, in each kind of entry */
#define READ_0			(STRTAB_STE_0_V | STRTAB_STE_0_CFG)
#define READ_0_STAGE1		(READ_0 | STRTAB_STE_0_S1FMT | \
				 STRTAB_STE_0_S1CTXPTR_MASK | \
				 STRTAB_STE_0_S1CDMAX)
#define READ_1_INPUT		(STE_1_DRE_TO_PPAR | STE_1_MEMATTR_TO_ALLOC | \
				 STE_1_SHCFG_TO_INSTCFG)
#define READ_1_TRANSLATE	(READ_1_INPUT | STRTAB_STE_1_MEV | STRTAB_STE_1_EATS)
#define READ_1_STAGE1		(STRTAB_STE_1_S1DSS | STRTAB_STE_1_S1CIR | \
				 STRTAB_STE_1_S1COR | STRTAB_STE_1_S1CSH | \
				 STE_1_S1MPAM | STRTAB_STE_1_S1STALLD | \
				 STRTAB_STE_1_STRW)
#define READ_1_STAGE2		(STE_1_S2HWU | STRTAB_STE_1_S2FWB)
#define ALL			GENMASK_ULL(63, 0)

static const struct arm_smmu_ste ste_reads_abort = { { READ_0 } };
static const struct arm_smmu_ste ste_reads_bypass = { {
	READ_0, READ_1_INPUT,
} };
/* Also without stage 2 does the VMID tag what the TLB keeps */
static const struct arm_smmu_ste ste_reads_stage1 = { {
	READ_0_STAGE1, READ_1_TRANSLATE | READ_1_STAGE1, STRTAB_STE_2_S2VMID,
	0, ALL, ALL, ALL, ALL,
} };
static const struct arm_smmu_ste ste_reads_stage2 = { {
	READ_0, READ_1_TRANSLATE | READ_1_STAGE2, ALL,
	ALL, ALL, ALL, ALL, ALL,
} };
static const struct arm_smmu_ste ste_reads_nested = { {
	READ_0_STAGE1, READ_1_TRANSLATE | READ_1_STAGE1 | READ_1_STAGE2, ALL,
	ALL, ALL, ALL, ALL, ALL,
} };
static const struct arm_smmu_ste ste_reads_invalid = { { STRTAB_STE_0_V } };

static const struct arm_smmu_ste *ste_reads(const struct arm_smmu_ste *ste)
{
	if (!(ste->dw[0] & STRTAB_STE_0_V))
		return &ste_reads_invalid;
	switch (FIELD_GET(STRTAB_STE_0_CFG, ste->dw[0])) {
	case STRTAB_STE_0_CFG_BYPASS:
		return &ste_reads_bypass;
	case STRTAB_STE_0_CFG_S1_TRANS:
		return &ste_reads_stage1;
	case STRTAB_STE_0_CFG_S2_TRANS:
		return &ste_reads_stage2;
	case STRTAB_STE_0_CFG_NESTED:
		return &ste_reads_nested;
	default:
		/* Reserved values are as abort */
		return &ste_reads_abort;
	}
}

/* Add a step unless it changes nothing; returns what is in memory after it */
static const struct arm_smmu_ste *
add_step(struct arm_smmu_ste_plan *plan, const struct arm_smmu_ste *before,
	 const struct arm_smmu_ste *after)
{
	if (!memcmp(before, after, sizeof(*after)))
		return before;
	plan->step[plan->num] = *after;
	return &plan->step[plan->num++];
}

/* Doublewords in which @a and @b differ where @reads says that it matters */
static unsigned int differing(const struct arm_smmu_ste *a,
			      const struct arm_smmu_ste *b,
			      const struct arm_smmu_ste *reads)
{
	unsigned int i, dwords = 0;

	for (i = 0; i < STRTAB_STE_DWORDS; i++)
		if ((a->dw[i] ^ b->dw[i]) & reads->dw[i])
			dwords |= BIT(i);
	return dwords;
}

/**
 * arm_smmu_ste_plan() - find the steps from one entry to another
 * @plan: returns the steps
 * @cur: the entry as it is in memory; the SMMU keeps nothing older
 * @target: the entry as it shall be
 */
void arm_smmu_ste_plan(struct arm_smmu_ste_plan *plan,
		       const struct arm_smmu_ste *cur,
		       const struct arm_smmu_ste *target)
{
	const struct arm_smmu_ste *now = cur, *reads = ste_reads(cur);
	struct arm_smmu_ste next;
	unsigned int i, left;

	plan->num = 0;

	/* What the SMMU does not look at yet can have any value at any time */
	for (i = 0; i < STRTAB_STE_DWORDS; i++)
		next.dw[i] = (cur->dw[i] & reads->dw[i]) |
			     (target->dw[i] & ~reads->dw[i]);
	left = differing(&next, target, ste_reads(target));

	if (left & (left - 1)) {
		/* Not to be done at once: stop the stream, then change it */
		arm_smmu_ste_abort(&next);
		memcpy(&next.dw[1], &cur->dw[1], sizeof(next) - sizeof(next.dw[0]));
		now = add_step(plan, now, &next);
		memcpy(&next.dw[1], &target->dw[1], sizeof(next) - sizeof(next.dw[0]));
		now = add_step(plan, now, &next);
	} else if (left) {
		now = add_step(plan, now, &next);
		i = __ffs(left);
		next.dw[i] = target->dw[i];
		now = add_step(plan, now, &next);
	}
	/* And what it does not look at any more */
	add_step(plan, now, target);
}

/*
 * Targets
 */

/**
 * arm_smmu_ste_abort() - make an entry that aborts all transactions
 * @ste: the entry
 */
void arm_smmu_ste_abort(struct arm_smmu_ste *ste)
{
	*ste = (struct arm_smmu_ste) { {
		STRTAB_STE_0_V |
		FIELD_PREP(STRTAB_STE_0_CFG, STRTAB_STE_0_CFG_ABORT),
	} };
}

/**
 * arm_smmu_ste_bypass() - make an entry that lets all transactions through
 * @ste: the entry
 */
void arm_smmu_ste_bypass(struct arm_smmu_ste *ste)
{
	*ste = (struct arm_smmu_ste) { {
		STRTAB_STE_0_V |
		FIELD_PREP(STRTAB_STE_0_CFG, STRTAB_STE_0_CFG_BYPASS),
		FIELD_PREP(STRTAB_STE_1_SHCFG, STRTAB_STE_1_SHCFG_INCOMING),
	} };
}

static u64 eats_of(const struct arm_smmu_master *master)
{
	return master->ats_enabled ?
	       FIELD_PREP(STRTAB_STE_1_EATS, STRTAB_STE_1_EATS_TRANS) : 0;
}

/**
 * arm_smmu_ste_stage1() - make an entry that translates by a CD table
 * @ste: the entry
 * @master: the device
 * @cfg: the CD table
 */
void arm_smmu_ste_stage1(struct arm_smmu_ste *ste,
			 const struct arm_smmu_master *master,
			 const struct arm_smmu_s1_cfg *cfg)
{
	u32 features = master->smmu->features;
	u64 strw = features & ARM_SMMU_FEAT_E2H ? STRTAB_STE_1_STRW_EL2 :
						  STRTAB_STE_1_STRW_NSEL1;

	/* SHCFG says nothing here, but from or to bypass it need not change */
	*ste = (struct arm_smmu_ste) { {
		STRTAB_STE_0_V |
		FIELD_PREP(STRTAB_STE_0_CFG, STRTAB_STE_0_CFG_S1_TRANS) |
		FIELD_PREP(STRTAB_STE_0_S1FMT, cfg->s1fmt) |
		(cfg->cdcfg.cdtab_dma & STRTAB_STE_0_S1CTXPTR_MASK) |
		FIELD_PREP(STRTAB_STE_0_S1CDMAX, cfg->s1cdmax),
		FIELD_PREP(STRTAB_STE_1_S1DSS, STRTAB_STE_1_S1DSS_SSID0) |
		FIELD_PREP(STRTAB_STE_1_S1CIR, STRTAB_STE_1_S1C_CACHE_WBRA) |
		FIELD_PREP(STRTAB_STE_1_S1COR, STRTAB_STE_1_S1C_CACHE_WBRA) |
		FIELD_PREP(STRTAB_STE_1_S1CSH, ARM_SMMU_SH_ISH) |
		eats_of(master) |
		FIELD_PREP(STRTAB_STE_1_STRW, strw) |
		FIELD_PREP(STRTAB_STE_1_SHCFG, STRTAB_STE_1_SHCFG_INCOMING),
	} };
	if (features & ARM_SMMU_FEAT_STALLS && !master->stall_enabled)
		ste->dw[1] |= STRTAB_STE_1_S1STALLD;
}

/**
 * arm_smmu_ste_stage2() - make an entry that translates by a stage-2 table
 * @ste: the entry
 * @master: the device
 * @cfg: the stage-2 table
 */
void arm_smmu_ste_stage2(struct arm_smmu_ste *ste,
			 const struct arm_smmu_master *master,
			 const struct arm_smmu_s2_cfg *cfg)
{
	*ste = (struct arm_smmu_ste) { {
		STRTAB_STE_0_V |
		FIELD_PREP(STRTAB_STE_0_CFG, STRTAB_STE_0_CFG_S2_TRANS),
		eats_of(master) |
		FIELD_PREP(STRTAB_STE_1_SHCFG, STRTAB_STE_1_SHCFG_INCOMING),
		FIELD_PREP(STRTAB_STE_2_S2VMID, cfg->vmid) |
		FIELD_PREP(STRTAB_STE_2_VTCR, cfg->vtcr) |
		STRTAB_STE_2_S2AA64 | STRTAB_STE_2_S2PTW | STRTAB_STE_2_S2R,
		cfg->vttbr & STRTAB_STE_3_S2TTB_MASK,
	} };
	if (cfg->fwb)
		ste->dw[1] |= STRTAB_STE_1_S2FWB;
	if (IS_ENABLED(CONFIG_CPU_BIG_ENDIAN))
		ste->dw[2] |= STRTAB_STE_2_S2ENDI;
}
