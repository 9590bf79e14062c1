/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of the SMMUv3's stream table (STE): what they say, and how one is
 * changed while the SMMU uses it. See arm-smmu-v3-ste.c.
 */
#ifndef _ARM_SMMU_V3_STE_H
#define _ARM_SMMU_V3_STE_H

#include <linux/types.h>

#include "arm-smmu-v3.h"

/**
 * struct arm_smmu_ste - an entry, in the byte order of the CPU
 * @dw: its eight doublewords; bit n of the specification's STE (section 5.2) is
 *      bit n % 64 of dw[n / 64]
 */
struct arm_smmu_ste {
	u64 dw[STRTAB_STE_DWORDS];
};

/* More than these no change needs: see arm_smmu_ste_plan() */
#define ARM_SMMU_STE_MAX_STEPS	3

/**
 * struct arm_smmu_ste_plan - how to change an entry
 * @num: number of steps; 0 if there is nothing to change
 * @step: what the entry is in memory after each step, the last of which is the
 *        wanted one; the SMMU must have let go of the former contents
 *        (CFGI_STE and CMD_SYNC) before the next step begins
 */
struct arm_smmu_ste_plan {
	unsigned int num;
	struct arm_smmu_ste step[ARM_SMMU_STE_MAX_STEPS];
};

void arm_smmu_ste_abort(struct arm_smmu_ste *ste);
void arm_smmu_ste_bypass(struct arm_smmu_ste *ste);
void arm_smmu_ste_stage1(struct arm_smmu_ste *ste,
			 const struct arm_smmu_master *master,
			 const struct arm_smmu_s1_cfg *cfg);
void arm_smmu_ste_stage2(struct arm_smmu_ste *ste,
			 const struct arm_smmu_master *master,
			 const struct arm_smmu_s2_cfg *cfg);

void arm_smmu_ste_plan(struct arm_smmu_ste_plan *plan,
		       const struct arm_smmu_ste *cur,
		       const struct arm_smmu_ste *target);

#endif /* _ARM_SMMU_V3_STE_H */
