// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs of contiguous memory into, out of and back from one hardware table.
 *
 * The rules between this file and its callers: a run is mapped with the largest
 * pages that its addresses allow, and must be unmapped as a whole, alone or
 * together with its neighbours. Reading and unmapping follow the contiguous
 * memory, so that what is returned as one run never ends inside a hardware
 * page.
 */
#include "iommufd_private.h"

/* With pages of 4 KiB only, whatever the addresses allow */
static int map_by_page(struct iommu_domain *domain, unsigned long iova,
		       const struct iommu_run *run, int prot)
{
	unsigned long done = 0;
	int rc;

	while (done < run->length) {
		struct iommu_run piece = { .phys = run->phys + done };

		piece.length = min(run->length - done,
				   PAGE_SIZE - offset_in_page(piece.phys));
		rc = iommu_map_runs(domain, iova + done, &piece, 1, prot);
		if (rc) {
			if (done)
				iommufd_table_unmap(domain, iova, done);
			return rc;
		}
		done += piece.length;
	}
	return 0;
}

/* Not inlined, as nearly all map with large pages, and need no frame for this */
static noinline_for_stack int map_by_pages(struct iommu_domain *domain,
					   unsigned long iova,
					   const struct iommu_run *runs,
					   unsigned int nruns, int prot)
{
	unsigned long done = 0;
	unsigned int i;
	int rc;

	for (i = 0; i < nruns; i++) {
		rc = map_by_page(domain, iova + done, &runs[i], prot);
		if (rc) {
			if (done)
				iommufd_table_unmap(domain, iova, done);
			return rc;
		}
		done += runs[i].length;
	}
	return 0;
}

/**
 * iommufd_table_map() - map runs, one behind the other
 * @domain: table
 * @iova: where the first one is mapped
 * @runs: runs
 * @nruns: number of runs
 * @prot: IOMMU_READ and so on
 * @huge_pages: use pages of more than 4 KiB where possible
 *
 * Return: 0, or an error; then nothing is mapped.
 */
int iommufd_table_map(struct iommu_domain *domain, unsigned long iova,
		      const struct iommu_run *runs, unsigned int nruns,
		      int prot, bool huge_pages)
{
	if (huge_pages)
		return iommu_map_runs(domain, iova, runs, nruns, prot);
	return map_by_pages(domain, iova, runs, nruns, prot);
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
 * iommufd_table_take() - unmap a range, and return what memory it mapped
 * @domain: table
 * @iova: start; of a run
 * @length: bytes, all of them mapped
 * @runs: returns the memory, as much as there is room for
 *
 * The rules of iommufd_table_unmap() hold.
 *
 * Return: bytes that were unmapped; 0 if the driver failed, then @runs is
 * empty.
 */
unsigned long iommufd_table_take(struct iommu_domain *domain,
				 unsigned long iova, unsigned long length,
				 struct iommu_runs *runs)
{
	size_t done;

	runs->count = 0;
	done = iommu_unmap_runs(domain, iova, length, runs);
	WARN(!done, "iommu driver did not unmap %lu bytes", length);
	return done;
}

/**
 * iommufd_table_read_runs() - read what memory a range maps
 * @domain: table
 * @iova: start; of a run
 * @length: bytes, all of them mapped
 * @runs: returns the memory, as much as there is room for
 *
 * Return: bytes that were read.
 */
unsigned long iommufd_table_read_runs(struct iommu_domain *domain,
				      unsigned long iova, unsigned long length,
				      struct iommu_runs *runs)
{
	runs->count = 0;
	return iommu_read_runs(domain, iova, length, runs);
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
