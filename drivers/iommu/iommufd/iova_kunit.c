// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of iova.c: which IOVAs an address space may use.
 *
 * An IOAS without tables, and areas without memory, are enough.
 */
#include <kunit/test.h>
#include <linux/sizes.h>

#include "iommufd_private.h"

static int iova_test_init(struct kunit *test)
{
	struct iommufd_ioas *ioas;

	ioas = kunit_kzalloc(test, sizeof(*ioas), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ioas);
	iommufd_ioas_init(ioas, NULL);
	mutex_lock(&ioas->iova_lock);
	test->priv = ioas;
	return 0;
}

static void iova_test_exit(struct kunit *test)
{
	struct iommufd_ioas *ioas = test->priv;

	iommufd_iova_remove(&ioas->reserved, NULL);
	iommufd_iova_remove(&ioas->allowed, NULL);
	mutex_unlock(&ioas->iova_lock);
}

static struct iommufd_area *map(struct kunit *test, unsigned long iova,
				unsigned long length)
{
	struct iommufd_area *area;

	area = kunit_kzalloc(test, sizeof(*area), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, area);
	area->last = length - 1;
	KUNIT_ASSERT_EQ(test, 0, iommufd_area_insert(area, test->priv, iova));
	return area;
}

static void expect_taken(struct kunit *test, unsigned long iova,
			 unsigned long length)
{
	struct iommufd_area area = { .last = length - 1 };

	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommufd_area_insert(&area, test->priv, iova));
	KUNIT_EXPECT_EQ(test, 0UL, area.iova);
	KUNIT_EXPECT_EQ(test, length - 1, area.last);
}

static void reserve(struct kunit *test, unsigned long start, unsigned long last)
{
	struct iommufd_ioas *ioas = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			iommufd_iova_add(&ioas->reserved, start, last, ioas));
}

static void allow(struct kunit *test, unsigned long start, unsigned long last)
{
	struct iommufd_ioas *ioas = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			iommufd_iova_add(&ioas->allowed, start, last, NULL));
}

/* The IOVA that is chosen, or 0, which is never chosen, if there is none */
static unsigned long choose(struct kunit *test, unsigned long va,
			    unsigned long length)
{
	unsigned long iova = 0;

	if (iommufd_ioas_alloc_iova(test->priv, &iova, va, length))
		return 0;
	return iova;
}

static unsigned long choose_and_map(struct kunit *test, unsigned long va,
				    unsigned long length)
{
	unsigned long iova = choose(test, va, length);

	if (iova)
		map(test, iova, length);
	return iova;
}

static void lowest_page_but_zero_is_chosen(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, choose_and_map(test, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, choose_and_map(test, 0, PAGE_SIZE));
}

static void offset_in_page_is_kept(struct kunit *test)
{
	unsigned long iova = choose(test, 5 * PAGE_SIZE + 0x123, 1);

	KUNIT_EXPECT_NE(test, 0UL, iova);
	KUNIT_EXPECT_EQ(test, 0x123UL, offset_in_page(iova));
}

static void offset_in_large_page_is_kept(struct kunit *test)
{
	unsigned long va = SZ_2M * 7UL + 3 * PAGE_SIZE;

	KUNIT_EXPECT_EQ(test, va % SZ_2M, choose(test, va, SZ_2M) % SZ_2M);
	KUNIT_EXPECT_EQ(test, va % SZ_1G, choose(test, va, SZ_1G) % SZ_1G);
}

static void what_large_alignment_skips_is_not_lost(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, (unsigned long)SZ_1G,
			choose_and_map(test, SZ_1G, SZ_1G));
	KUNIT_EXPECT_EQ(test, (unsigned long)SZ_2M,
			choose_and_map(test, SZ_2M, SZ_2M));
	KUNIT_EXPECT_EQ(test, (unsigned long)SZ_4M,
			choose_and_map(test, SZ_2M, SZ_2M));
}

static void large_alignment_is_given_up_for_want_of_room(struct kunit *test)
{
	unsigned long va = 7 * PAGE_SIZE;

	reserve(test, 4UL * SZ_1G - SZ_4M, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, (unsigned long)SZ_2M,
			choose(test, SZ_1G, 3UL * SZ_1G + SZ_512M));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE,
			choose(test, SZ_1G, 4UL * SZ_1G - SZ_4M - PAGE_SIZE));
	allow(test, SZ_4M, SZ_4M + SZ_2M - 1);
	KUNIT_EXPECT_EQ(test, (unsigned long)SZ_4M,
			choose_and_map(test, va, SZ_2M));
	KUNIT_EXPECT_EQ(test, 0UL, choose(test, va, SZ_2M));
}

/* What a large mapping at the wrong offset left out is found in the end */
static void room_below_is_found_with_less_alignment(struct kunit *test)
{
	reserve(test, 2UL * SZ_2M, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, (unsigned long)SZ_2M,
			choose_and_map(test, SZ_2M, SZ_2M));
	KUNIT_EXPECT_EQ(test, 0UL, choose(test, SZ_2M, SZ_2M));
	iommufd_area_erase(map(test, PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, choose(test, 0, PAGE_SIZE));
}

static void without_huge_pages_nothing_is_skipped(struct kunit *test)
{
	struct iommufd_ioas *ioas = test->priv;

	ioas->huge_pages = false;
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, choose(test, 0, SZ_2M));
}

static void mapped_and_reserved_are_skipped(struct kunit *test)
{
	map(test, PAGE_SIZE, PAGE_SIZE);
	reserve(test, 2 * PAGE_SIZE, 4 * PAGE_SIZE - 1);
	map(test, 5 * PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 6 * PAGE_SIZE, choose(test, 0, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 4 * PAGE_SIZE, choose(test, 0, PAGE_SIZE));
}

static void freed_hole_is_chosen_again(struct kunit *test)
{
	struct iommufd_area *second;
	int i;

	map(test, PAGE_SIZE, PAGE_SIZE);
	second = map(test, 2 * PAGE_SIZE, PAGE_SIZE);
	for (i = 3; i < 10; i++)
		KUNIT_EXPECT_EQ(test, i * PAGE_SIZE,
				choose_and_map(test, 0, PAGE_SIZE));
	iommufd_area_erase(second);
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, choose_and_map(test, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 10 * PAGE_SIZE,
			choose_and_map(test, 0, PAGE_SIZE));
}

/* What was free below, but at the wrong offset, counts with what is freed */
static void freed_hole_grows_with_what_was_free(struct kunit *test)
{
	struct iommufd_area *area;

	area = map(test, SZ_2M, SZ_2M);
	KUNIT_EXPECT_EQ(test, 2UL * SZ_2M, choose_and_map(test, 0, SZ_2M));
	KUNIT_EXPECT_EQ(test, 3UL * SZ_2M, choose_and_map(test, 0, SZ_2M));
	iommufd_area_erase(area);
	KUNIT_EXPECT_EQ(test, 1UL * SZ_1M, choose_and_map(test, SZ_1M, SZ_2M));
	KUNIT_EXPECT_EQ(test, 4UL * SZ_2M, choose_and_map(test, 0, SZ_2M));
}

static void allowed_ranges_confine(struct kunit *test)
{
	allow(test, 0, PAGE_SIZE - 1);
	allow(test, 0x10000, 0x10000 + 2 * PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, 0x10000UL, choose_and_map(test, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0UL, choose(test, 0, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0x10000UL + PAGE_SIZE,
			choose_and_map(test, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0UL, choose(test, 0, PAGE_SIZE));
}

static void last_page_of_the_space_is_usable(struct kunit *test)
{
	struct iommufd_ioas *ioas = test->priv;
	unsigned long last_page = -PAGE_SIZE;

	reserve(test, 0, last_page - 1);
	KUNIT_EXPECT_EQ(test, last_page, choose(test, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0UL, choose(test, 0, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0,
			iommufd_ioas_check_iova(ioas, last_page, PAGE_SIZE));
	map(test, last_page, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0UL, choose(test, 0, PAGE_SIZE));
	expect_taken(test, last_page, PAGE_SIZE);
}

static void fixed_iova_must_be_aligned_and_free(struct kunit *test)
{
	struct iommufd_ioas *ioas = test->priv;

	ioas->alignment = SZ_2K;
	reserve(test, 0x8000, 0x8fff);
	map(test, 0x4000, SZ_2K);
	KUNIT_EXPECT_EQ(test, -EINVAL, iommufd_ioas_check_iova(ioas, 1, SZ_2K));
	KUNIT_EXPECT_EQ(test, -EINVAL, iommufd_ioas_check_iova(ioas, 0, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommufd_ioas_check_iova(ioas, 0x7800, SZ_4K));
	expect_taken(test, 0x3000, SZ_8K);
	KUNIT_EXPECT_EQ(test, 0, iommufd_ioas_check_iova(ioas, 0x4800, SZ_2K));
	KUNIT_EXPECT_EQ(test, 0, iommufd_ioas_check_iova(ioas, 0, SZ_2K));
}

static void adopted_ranges_are_all_or_none(struct kunit *test)
{
	struct rb_root_cached new = RB_ROOT_CACHED;
	struct iommufd_ioas *ioas = test->priv;

	KUNIT_ASSERT_EQ(test, 0, iommufd_iova_add(&new, 0x1000, 0x1fff, &new));
	KUNIT_ASSERT_EQ(test, 0, iommufd_iova_add(&new, 0x8000, 0x8fff, &new));

	allow(test, 0x8fff, 0x8fff);
	KUNIT_EXPECT_EQ(test, -EADDRINUSE,
			iommufd_ioas_adopt_reserved(ioas, &new));
	KUNIT_EXPECT_PTR_EQ(test, NULL,
			    interval_tree_iter_first(&ioas->reserved, 0,
						     ULONG_MAX));
	iommufd_iova_remove(&ioas->allowed, NULL);

	iommufd_area_erase(map(test, 0x1fff, 1));
	KUNIT_EXPECT_EQ(test, 0, iommufd_ioas_adopt_reserved(ioas, &new));
	KUNIT_EXPECT_EQ(test, -EINVAL, iommufd_ioas_check_iova(ioas, 0x1fff, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, iommufd_ioas_check_iova(ioas, 0x8000, 1));
	KUNIT_EXPECT_EQ(test, 0, iommufd_ioas_check_iova(ioas, 0x7fff, 1));
}

static void ranges_go_with_their_owner(struct kunit *test)
{
	struct iommufd_ioas *ioas = test->priv;

	reserve(test, 0x1000, 0x1fff);
	KUNIT_ASSERT_EQ(test, 0, iommufd_iova_add(&ioas->reserved, 0x1800,
						  0x2fff, test));
	iommufd_iova_remove(&ioas->reserved, ioas);
	KUNIT_EXPECT_EQ(test, 0, iommufd_ioas_check_iova(ioas, 0x1000, 0x800));
	KUNIT_EXPECT_EQ(test, -EINVAL, iommufd_ioas_check_iova(ioas, 0x1800, 1));
}

static void aperture_reserves_what_is_outside(struct kunit *test)
{
	struct iommu_domain domain = {
		.geometry = {
			.aperture_start = 0x10000,
			.aperture_end = 0x1ffff,
			.force_aperture = true,
		},
	};
	struct iommufd_ioas *ioas = test->priv;

	KUNIT_ASSERT_EQ(test, 0, iommufd_iova_add_aperture(&ioas->reserved,
							   &domain, &domain));
	KUNIT_EXPECT_EQ(test, -EINVAL, iommufd_ioas_check_iova(ioas, 0xffff, 1));
	KUNIT_EXPECT_EQ(test, 0,
			iommufd_ioas_check_iova(ioas, 0x10000, 0x10000));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommufd_ioas_check_iova(ioas, 0x20000, 1));
}

static void alignment_must_suit_what_is_mapped(struct kunit *test)
{
	struct iommufd_ioas *ioas = test->priv;

	map(test, 0x1000, 0x800);
	KUNIT_EXPECT_EQ(test, 0, iommufd_ioas_set_alignment(ioas, SZ_2K));
	KUNIT_EXPECT_EQ(test, -EADDRINUSE,
			iommufd_ioas_set_alignment(ioas, SZ_4K));
	KUNIT_EXPECT_EQ(test, (unsigned long)SZ_2K, ioas->alignment);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommufd_ioas_set_alignment(ioas, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, iommufd_ioas_set_alignment(ioas, 1));
}

static struct kunit_case iova_test_cases[] = {
	KUNIT_CASE(lowest_page_but_zero_is_chosen),
	KUNIT_CASE(offset_in_page_is_kept),
	KUNIT_CASE(offset_in_large_page_is_kept),
	KUNIT_CASE(what_large_alignment_skips_is_not_lost),
	KUNIT_CASE(large_alignment_is_given_up_for_want_of_room),
	KUNIT_CASE(room_below_is_found_with_less_alignment),
	KUNIT_CASE(without_huge_pages_nothing_is_skipped),
	KUNIT_CASE(mapped_and_reserved_are_skipped),
	KUNIT_CASE(freed_hole_is_chosen_again),
	KUNIT_CASE(freed_hole_grows_with_what_was_free),
	KUNIT_CASE(allowed_ranges_confine),
	KUNIT_CASE(last_page_of_the_space_is_usable),
	KUNIT_CASE(fixed_iova_must_be_aligned_and_free),
	KUNIT_CASE(adopted_ranges_are_all_or_none),
	KUNIT_CASE(ranges_go_with_their_owner),
	KUNIT_CASE(aperture_reserves_what_is_outside),
	KUNIT_CASE(alignment_must_suit_what_is_mapped),
	{}
};

static struct kunit_suite iova_test_suite = {
	.name = "iommufd_iova",
	.init = iova_test_init,
	.exit = iova_test_exit,
	.test_cases = iova_test_cases,
};

kunit_test_suite(iova_test_suite);
