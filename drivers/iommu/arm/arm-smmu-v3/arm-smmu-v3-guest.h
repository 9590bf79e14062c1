/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest writes for its SMMUv3, and what that is for the real one. See
 * arm-smmu-v3-guest.c.
 */
#ifndef _ARM_SMMU_V3_GUEST_H
#define _ARM_SMMU_V3_GUEST_H

#include <linux/types.h>

#include "arm-smmu-v3-ste.h"

/**
 * struct arm_smmu_guest_ste - what a guest wants of a stream
 * @config: STRTAB_STE_0_CFG_ABORT, _BYPASS or _S1_TRANS
 * @dw: the fields of stage 1 in doublewords 0 and 1, with _S1_TRANS
 * @ats: the device may ask for translations
 */
struct arm_smmu_guest_ste {
	unsigned int config;
	u64 dw[2];
	bool ats;
};

/**
 * struct arm_smmu_guest_cmd - a command of a guest, for the real SMMU
 * @cmd: the command; if it is for one stream, without its StreamID
 * @stream: it is for one stream
 * @atc: it is for the translations that this stream's device has cached
 * @sid: the StreamID, as the guest has it
 */
struct arm_smmu_guest_cmd {
	u64 cmd[CMDQ_ENT_DWORDS];
	bool stream;
	bool atc;
	u32 sid;
};

int arm_smmu_guest_ste(const struct arm_smmu_device *smmu, const __le64 *user,
		       struct arm_smmu_guest_ste *guest);
void arm_smmu_ste_nested(struct arm_smmu_ste *ste,
			 const struct arm_smmu_master *master,
			 const struct arm_smmu_s2_cfg *parent,
			 const struct arm_smmu_guest_ste *guest);
int arm_smmu_guest_cmd(const struct arm_smmu_device *smmu, u16 vmid,
		       const __le64 *user, struct arm_smmu_guest_cmd *guest);
bool arm_smmu_guest_event(const u64 *evt, u32 sid, __le64 *guest);

#endif /* _ARM_SMMU_V3_GUEST_H */
