// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs of contiguous memory into, out of and back from one hardware table.
 *
 * The rules between this file and its callers: a run is mapped with the largest pages
 * that its addresses allow, and must be unmapped as a whole, alone or together
 * with its neighbours. Reading follows the contiguous memory, so that what is
 * read as one run never ends inside a hardware page.
 */
#include "iommufd_private.h"

int iommufd_table_map(struct iommu_domain *domain, unsigned long iova,
		      phys_addr_t phys, unsigned long length, int prot,
		      bool huge_pages)
{
	unsigned long done = 0;
	int rc;

	if (huge_pages)
		return iommu_map(domain, iova, phys, length, prot);

	while (done < length) {
		unsigned long step = min(length - done,
					 PAGE_SIZE - offset_in_page(phys + done));

		rc = iommu_map(domain, iova + done, phys + done, step, prot);
		if (rc) {
			if (done)
				iommufd_table_unmap(domain, iova, done);
			return rc;
		}
		done += step;
	}
	return 0;
}

/**
 * iommufd_table_unmap() - unmap a range and flush it from the IOTLBs
 * @domain: table
 * @iova: start; of a run
 * @length: bytes, all of them mapped
 *
 * Return: true if the hardware does not use the range any more. A driver that
 * failed may still reach the memory: that must stay pinned then.
 */
bool iommufd_table_unmap(struct iommu_domain *domain, unsigned long iova,
			 unsigned long length)
{
	size_t done = iommu_unmap(domain, iova, length);

	return !WARN(done != length, "iommu driver unmapped %zu of %lu bytes",
		     done, length);
}

/**
 * iommufd_table_read() - read a run back from a table
 * @domain: table
 * @iova: where the run begins; mapped
 * @length: bytes that are wanted, all mapped
 * @phys: returns the physical address of @iova
 *
 * Return: bytes from @iova on that are known to be contiguous, at most
 * @length. A driver that cannot tell is asked page by page.
 */
unsigned long iommufd_table_read(struct iommu_domain *domain,
				 unsigned long iova, unsigned long length,
				 phys_addr_t *phys)
{
	size_t run = length;

	*phys = iommu_iova_to_phys_run(domain, iova, &run);
	return run;
}
