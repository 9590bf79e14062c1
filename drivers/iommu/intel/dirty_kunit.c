// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of reading and clearing dirty flags of second-level tables.
 *
 * The tables are made by hand, entry by entry, as hardware with SSADS would
 * leave them: no emulator has it. Nothing here needs an IOMMU. Each test has a
 * domain of its own, and its tables are freed with the test.
 */
#include <kunit/test.h>
#include <linux/iommu.h>
#include <linux/sizes.h>

#include "iommu.h"

#define IOVA		0x1240000000UL	/* multiple of 1 GiB, in 39 bits */
#define ENTRIES		512
#define RW		(DMA_PTE_READ | DMA_PTE_WRITE)
#define ACCESSED	BIT_ULL(8)
#define DIRTY		BIT_ULL(DMA_SS_PTE_DIRTY_BIT)

static int level_shift(int level)
{
	return VTD_PAGE_SHIFT + (level - 1) * VTD_STRIDE_SHIFT;
}

static struct dma_pte *new_table(struct kunit *test)
{
	void *table = kunit_kzalloc(test, VTD_PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, table);
	KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)table,
					   VTD_PAGE_SIZE));
	return table;
}

static struct dmar_domain *new_domain(struct kunit *test, int levels)
{
	struct dmar_domain *domain;

	domain = kunit_kzalloc(test, sizeof(*domain), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, domain);
	domain->agaw = levels - 2;
	domain->pgd = new_table(test);
	return domain;
}

/* The entry of @level for @iova, with tables above it */
static struct dma_pte *entry_at(struct kunit *test, struct dmar_domain *domain,
				unsigned long iova, int level)
{
	struct dma_pte *table = domain->pgd;
	int l;

	for (l = domain->agaw + 2;; l--) {
		struct dma_pte *pte;

		pte = &table[iova >> level_shift(l) & (ENTRIES - 1)];
		if (l == level)
			return pte;
		if (!dma_pte_present(pte))
			pte->val = virt_to_phys(new_table(test)) | RW |
				   ACCESSED;
		table = phys_to_virt(dma_pte_addr(pte));
	}
}

static struct dma_pte *map(struct kunit *test, struct dmar_domain *domain,
			   unsigned long iova, int level, u64 flags)
{
	struct dma_pte *pte = entry_at(test, domain, iova, level);

	pte->val = iova | RW | ACCESSED | flags |
		   (level > 1 ? DMA_PTE_LARGE_PAGE : 0);
	return pte;
}

static size_t read_run(struct dmar_domain *domain, unsigned long iova,
		       size_t length, bool clear, bool *dirty)
{
	return intel_dirty_ops.read_dirty(&domain->domain, iova, length, clear,
					  dirty);
}

static void expect_run(struct kunit *test, struct dmar_domain *domain,
		       unsigned long iova, size_t length, bool clear,
		       size_t run, bool run_is_dirty)
{
	bool dirty;

	KUNIT_EXPECT_EQ(test, run,
			read_run(domain, iova, length, clear, &dirty));
	KUNIT_EXPECT_EQ(test, run_is_dirty, dirty);
}

/* Pages 5 to 7 and 511 of 512 are dirty */
static void runs_of_pages(struct kunit *test)
{
	int levels;

	for (levels = 3; levels <= 5; levels++) {
		struct dmar_domain *domain = new_domain(test, levels);
		unsigned long page;

		for (page = 0; page < ENTRIES; page++)
			map(test, domain, IOVA + page * SZ_4K, 1,
			    (page >= 5 && page <= 7) || page == 511 ? DIRTY : 0);
		expect_run(test, domain, IOVA, SZ_2M, false, 5 * SZ_4K, false);
		expect_run(test, domain, IOVA + 5 * SZ_4K, SZ_1M, false,
			   3 * SZ_4K, true);
		expect_run(test, domain, IOVA + 8 * SZ_4K, SZ_2M - 8 * SZ_4K,
			   false, SZ_2M - 9 * SZ_4K, false);
		expect_run(test, domain, IOVA + SZ_2M - SZ_4K, SZ_4K, false,
			   SZ_4K, true);
		/* not beyond what is asked for */
		expect_run(test, domain, IOVA, 2 * SZ_4K, false, 2 * SZ_4K,
			   false);
		expect_run(test, domain, IOVA + 6 * SZ_4K, SZ_4K, false, SZ_4K,
			   true);
	}
}

static void clearing_changes_the_dirty_flag_only(struct kunit *test)
{
	struct dmar_domain *domain = new_domain(test, 4);
	struct dma_pte *pte[4];
	int i;

	for (i = 0; i < 4; i++)
		pte[i] = map(test, domain, IOVA + i * SZ_4K, 1,
			     DIRTY | DMA_PTE_SNP);
	expect_run(test, domain, IOVA + SZ_4K, 2 * SZ_4K, true, 2 * SZ_4K, true);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, pte[i]->val,
				(IOVA + i * SZ_4K) | RW | ACCESSED |
				DMA_PTE_SNP |
				(i == 1 || i == 2 ? 0 : DIRTY));
	expect_run(test, domain, IOVA + SZ_4K, 3 * SZ_4K, true, 2 * SZ_4K,
		   false);
	/* the flag of a table is not that of a page */
	KUNIT_EXPECT_FALSE(test, entry_at(test, domain, IOVA, 2)->val & DIRTY);
}

static void runs_of_large_pages(struct kunit *test)
{
	struct dmar_domain *domain = new_domain(test, 4);
	int level;

	for (level = 2; level <= 3; level++) {
		unsigned long size = 1UL << level_shift(level);
		unsigned long iova = level * 64UL * SZ_1G;

		map(test, domain, iova, level, DIRTY);
		map(test, domain, iova + size, level, DIRTY);
		map(test, domain, iova + 2 * size, level, 0);
		expect_run(test, domain, iova, 3 * size, false, 2 * size, true);
		expect_run(test, domain, iova + size + SZ_4K, size, false,
			   size - SZ_4K, true);
		expect_run(test, domain, iova + 2 * size, size, false, size,
			   false);
		expect_run(test, domain, iova, 3 * size, true, 2 * size, true);
		expect_run(test, domain, iova, 3 * size, true, 3 * size, false);
	}
}

static void part_of_a_large_page_is_not_cleared(struct kunit *test)
{
	struct dmar_domain *domain = new_domain(test, 4);
	struct dma_pte *first = map(test, domain, IOVA, 2, DIRTY);
	struct dma_pte *second = map(test, domain, IOVA + SZ_2M, 2, DIRTY);

	expect_run(test, domain, IOVA, SZ_2M - SZ_4K, true, SZ_2M, true);
	expect_run(test, domain, IOVA + SZ_4K, SZ_2M - SZ_4K, true,
		   SZ_2M - SZ_4K, true);
	KUNIT_EXPECT_TRUE(test, first->val & DIRTY);
	/* with the end in the second */
	expect_run(test, domain, IOVA, SZ_2M + SZ_4K, true, 2 * SZ_2M, true);
	KUNIT_EXPECT_FALSE(test, first->val & DIRTY);
	KUNIT_EXPECT_TRUE(test, second->val & DIRTY);
}

static void run_ends_where_page_sizes_change(struct kunit *test)
{
	struct dmar_domain *domain = new_domain(test, 4);

	map(test, domain, IOVA, 2, DIRTY);
	map(test, domain, IOVA + SZ_2M, 1, DIRTY);
	expect_run(test, domain, IOVA, 2 * SZ_2M, true, SZ_2M, true);
	expect_run(test, domain, IOVA + SZ_2M, SZ_2M, true, SZ_4K, true);
}

static void nothing_mapped_is_clean(struct kunit *test)
{
	struct dmar_domain *domain = new_domain(test, 4);
	bool dirty = true;

	KUNIT_EXPECT_LT(test, 0UL, read_run(domain, IOVA, SZ_4K, true, &dirty));
	KUNIT_EXPECT_FALSE(test, dirty);
	map(test, domain, IOVA, 1, DIRTY);
	dirty = true;
	KUNIT_EXPECT_LT(test, 0UL, read_run(domain, IOVA + SZ_4K, SZ_4K, true,
					    &dirty));
	KUNIT_EXPECT_FALSE(test, dirty);
}

static struct kunit_case intel_dirty_cases[] = {
	KUNIT_CASE(runs_of_pages),
	KUNIT_CASE(clearing_changes_the_dirty_flag_only),
	KUNIT_CASE(runs_of_large_pages),
	KUNIT_CASE(part_of_a_large_page_is_not_cleared),
	KUNIT_CASE(run_ends_where_page_sizes_change),
	KUNIT_CASE(nothing_mapped_is_clean),
	{}
};

static struct kunit_suite intel_dirty_suite = {
	.name = "intel_iommu_dirty",
	.test_cases = intel_dirty_cases,
};

kunit_test_suite(intel_dirty_suite);
