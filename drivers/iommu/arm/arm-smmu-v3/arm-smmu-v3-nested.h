/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nested translation on the SMMUv3: what arm-smmu-v3.c and arm-smmu-v3-nested.c
 * need of each other.
 */
#ifndef _ARM_SMMU_V3_NESTED_H
#define _ARM_SMMU_V3_NESTED_H

#include <linux/iommu-nesting.h>

#include "arm-smmu-v3-guest.h"

/**
 * struct arm_smmu_nested - a guest's stage 1
 * @core: what /dev/iommu knows of it
 * @ste: what the guest wants of the streams of attached devices
 *
 * It never changes: a guest that changes its stream table entry gets another
 * one, to which its VMM attaches the device.
 */
struct arm_smmu_nested {
	struct iommu_nested_domain core;
	struct arm_smmu_guest_ste ste;
};

extern const struct iommu_user_ops arm_smmu_user_ops;
int arm_smmu_driver_info(struct device *dev, struct iommu_driver_info *info);
int arm_smmu_report_guest_event(struct arm_smmu_master *master, const u64 *evt);
void arm_smmu_report_lost_events(struct arm_smmu_device *smmu);

/* Of arm-smmu-v3.c */
int arm_smmu_attach_master(struct arm_smmu_master *master,
			   struct arm_smmu_domain *smmu_domain,
			   struct arm_smmu_nested *nested);
int arm_smmu_cmdq_issue_cmdlist(struct arm_smmu_device *smmu, u64 *cmds, int n,
				bool sync);

#endif /* _ARM_SMMU_V3_NESTED_H */
