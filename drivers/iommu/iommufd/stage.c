// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which stage of translation a table is.
 *
 * An IOMMU has one kind of table or two, stage 1 and stage 2, and may be able
 * to nest them: tables of a user, stage 1, on top of one that the kernel
 * manages. Who asks for a plain table takes what there is. Who asks for nesting
 * wants the table of the kernel to be the parent. An old VFIO container may get
 * a plain table instead, as it always could; /dev/iommu tells that it cannot be.
 *
 * Nothing is stored here. What is decided for a table stays as it is.
 */
#include <linux/bits.h>

#include "nesting.h"

/**
 * iommufd_choose_stage() - decide what a table is
 * @wanted: IOMMUFD_STAGE_1 for a plain table, or IOMMUFD_STAGE_NESTED
 * @supported: bits BIT(IOMMUFD_STAGE_1) and so on: what the IOMMU can do
 * @may_degrade: a plain table is better than none
 *
 * ==============================  ========  ==========================
 * what the IOMMU can do           wanted    result
 * ==============================  ========  ==========================
 * nest; stages 1 and 2; 1 only    stage 1   stage 1
 * stage 2 only                    stage 1   stage 2
 * nest                            nesting   that
 * stages 1 and 2; 2 only          nesting   stage 2, if it may degrade
 * stage 1 only                    nesting   stage 1, if it may degrade
 * ==============================  ========  ==========================
 *
 * An IOMMU that can nest has both stages, whether or not their bits are set.
 *
 * Return: the stage, or -EOPNOTSUPP.
 */
int iommufd_choose_stage(enum iommufd_stage wanted, unsigned int supported,
			 bool may_degrade)
{
	bool nesting = supported & BIT(IOMMUFD_STAGE_NESTED);
	bool stage_1 = nesting || (supported & BIT(IOMMUFD_STAGE_1));
	bool stage_2 = nesting || (supported & BIT(IOMMUFD_STAGE_2));

	if (wanted == IOMMUFD_STAGE_NESTED) {
		if (nesting)
			return IOMMUFD_STAGE_NESTED;
		if (!may_degrade)
			return -EOPNOTSUPP;
		if (stage_2)
			return IOMMUFD_STAGE_2;
	}
	if (stage_1)
		return IOMMUFD_STAGE_1;
	return stage_2 ? IOMMUFD_STAGE_2 : -EOPNOTSUPP;
}

/**
 * iommufd_stages() - what the IOMMU of a device can do
 * @dev: the device
 * @domain: one of its IOMMU
 *
 * A driver that lets nesting be enabled on a domain gives it stage 2 then, if
 * there is one; which stages the others use makes no difference to anybody.
 *
 * Return: bits as iommufd_choose_stage() takes them.
 */
unsigned int iommufd_stages(struct device *dev, struct iommu_domain *domain)
{
	unsigned int stages = BIT(IOMMUFD_STAGE_1);

	if (!domain->ops->enable_nesting)
		return stages;
	stages |= BIT(IOMMUFD_STAGE_2);
	if (iommufd_has_format(dev))
		stages |= BIT(IOMMUFD_STAGE_NESTED);
	return stages;
}
