// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty flags of second-level tables.
 *
 * With SSADE in the PASID entry of a device (section 9.6 of the VT-d
 * specification) the hardware sets flag D, bit 9, in the last-level entry that
 * maps what the device writes, and A, bit 8, in all entries that it walks
 * (section 3.7.2). Without SSADE it ignores both. A is of no use here and
 * stays set.
 *
 * The flags are in the table; dmar_domain::dirty_tracking, under the lock of
 * the domain, says whether SSADE is set for its devices. Attaching a device
 * reads it, see intel_pasid_setup_second_level().
 *
 * The hardware updates an entry atomically, so that D can be cleared by a
 * locked operation. A translation in the IOTLB does not set D again: who clears
 * flushes. Nothing here can fail.
 */
#include <linux/iommu.h>

#include "iommu.h"
#include "pasid.h"

/* An entry of a table, and how much it maps */
struct entry {
	struct dma_pte *pte;
	unsigned long size;
};

/* The last entry that the hardware walks for an IOVA, present or not */
static struct entry find_entry(struct dmar_domain *domain, unsigned long iova)
{
	/* Level 1 is that of 4 KiB pages; a domain of agaw 0 has two levels */
	int shift = VTD_PAGE_SHIFT + (domain->agaw + 1) * VTD_STRIDE_SHIFT;
	struct dma_pte *table = domain->pgd;

	for (;;) {
		struct dma_pte *pte = &table[(iova >> shift) & ~VTD_STRIDE_MASK];

		if (shift == VTD_PAGE_SHIFT || !dma_pte_present(pte) ||
		    dma_pte_superpage(pte))
			return (struct entry){ pte, 1UL << shift };
		table = phys_to_virt(dma_pte_addr(pte));
		shift -= VTD_STRIDE_SHIFT;
	}
}

static bool is_leaf(struct entry entry)
{
	return dma_pte_present(entry.pte) &&
	       (entry.size == VTD_PAGE_SIZE || dma_pte_superpage(entry.pte));
}

static bool is_dirty(struct dma_pte *pte)
{
	return READ_ONCE(pte->val) & BIT_ULL(DMA_SS_PTE_DIRTY_BIT);
}

static void clear_dirty(struct dma_pte *pte)
{
	clear_bit(DMA_SS_PTE_DIRTY_BIT, (unsigned long *)&pte->val);
}

static size_t intel_read_dirty(struct iommu_domain *domain, unsigned long iova,
			       size_t length, bool clear, bool *dirty)
{
	struct entry entry = find_entry(to_dmar_domain(domain), iova);
	unsigned long pos = ALIGN_DOWN(iova, entry.size);
	unsigned long end = iova + length;

	*dirty = is_leaf(entry) && is_dirty(entry.pte);
	do {
		if (*dirty && clear && pos >= iova && pos + entry.size <= end)
			clear_dirty(entry.pte);
		pos += entry.size;
		entry.pte++;
	} while (pos < end && !first_pte_in_page(entry.pte) && is_leaf(entry) &&
		 is_dirty(entry.pte) == *dirty);
	return pos - iova;
}

static int intel_set_tracking(struct iommu_domain *domain, bool enable)
{
	struct dmar_domain *dmar_domain = to_dmar_domain(domain);
	struct device_domain_info *info;
	unsigned long flags;

	spin_lock_irqsave(&dmar_domain->lock, flags);
	WRITE_ONCE(dmar_domain->dirty_tracking, enable);
	list_for_each_entry(info, &dmar_domain->devices, link)
		intel_pasid_set_dirty_tracking(info->iommu, info->dev,
					       PASID_RID2PASID, enable);
	spin_unlock_irqrestore(&dmar_domain->lock, flags);
	return 0;
}

const struct iommu_dirty_ops intel_dirty_ops = {
	.set_tracking = intel_set_tracking,
	.read_dirty = intel_read_dirty,
};
