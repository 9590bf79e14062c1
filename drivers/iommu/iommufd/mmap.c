// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() of an IOMMU fd: what drivers show of vIOMMUs.
 *
 * A vIOMMU can have one range of physical memory, such as a page of registers for
 * the guest alone. The offset that it is mapped at has the ID of the vIOMMU, so
 * that there is nothing to keep or to look for. A mapping is a user of the vIOMMU:
 * that cannot be destroyed before.
 */
#include <linux/mm.h>

#include "nesting.h"

#define OFFSET_SHIFT 32

/* Where a vIOMMU will be mapped, before it is known whether it can */
u64 iommufd_mmap_offset(const struct iommufd_viommu *viommu)
{
	return (u64)viommu->obj.id << OFFSET_SHIFT;
}

static void viommu_vm_open(struct vm_area_struct *vma)
{
	struct iommufd_viommu *viommu = vma->vm_private_data;

	/* Another mapping is a user, so that this cannot fail */
	WARN_ON(iommufd_object_use(viommu->ictx, &viommu->obj));
}

static void viommu_vm_close(struct vm_area_struct *vma)
{
	struct iommufd_viommu *viommu = vma->vm_private_data;

	iommufd_object_unuse(viommu->ictx, &viommu->obj);
}

static const struct vm_operations_struct viommu_vm_ops = {
	.open = viommu_vm_open,
	.close = viommu_vm_close,
};

static int map_viommu(struct iommufd_viommu *viommu, struct vm_area_struct *vma)
{
	struct iommu_viommu *core = viommu->viommu;
	unsigned long length = vma->vm_end - vma->vm_start;
	unsigned long pfn = PHYS_PFN(core->mmap_phys);
	int rc;

	if (!core->mmap_length || core->mmap_length != length)
		return -ENXIO;
	rc = iommufd_object_use(viommu->ictx, &viommu->obj);
	if (rc)
		return rc;
	vma->vm_private_data = viommu;
	vma->vm_ops = &viommu_vm_ops;
	vma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY;
	vma->vm_flags &= ~VM_MAYEXEC;
	/* Registers are not cached, memory is */
	if (!pfn_valid(pfn))
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	rc = remap_pfn_range(vma, vma->vm_start, pfn, length,
			     vma->vm_page_prot);
	if (rc)
		iommufd_object_unuse(viommu->ictx, &viommu->obj);
	return rc;
}

int iommufd_mmap(struct iommufd_ctx *ictx, struct vm_area_struct *vma)
{
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	struct iommufd_viommu *viommu;
	int rc;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	viommu = iommufd_get_viommu(ictx, offset >> OFFSET_SHIFT);
	if (IS_ERR(viommu))
		return -ENXIO;
	rc = offset == iommufd_mmap_offset(viommu) ? map_viommu(viommu, vma) :
						     -ENXIO;
	iommufd_object_put(ictx, &viommu->obj);
	return rc;
}
