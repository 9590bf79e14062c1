/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What other files know of fault queues (fault.c).
 */
#ifndef __IOMMUFD_FAULT_H
#define __IOMMUFD_FAULT_H

#include "iommufd_private.h"

int iommufd_fault_register(struct iommufd_device *idev);
void iommufd_fault_unregister(struct iommufd_device *idev);
void iommufd_fault_switch(struct iommufd_group *igroup,
			  const struct iommufd_hwpt *hwpt);
void iommufd_fault_flush_group(struct iommufd_fault_queue *queue,
			       struct iommufd_group *igroup);
int iommufd_hwpt_use_fault_queue(struct iommufd_hwpt *hwpt, u32 id);
void iommufd_hwpt_unuse_fault_queue(struct iommufd_hwpt *hwpt);

#endif
