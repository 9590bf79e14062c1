// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas: ranges of IOVAs mapped to user memory, and the tree of an IOAS.
 *
 * The areas of an IOAS do not overlap, so a plain rbtree finds them by range:
 * two ranges that overlap compare as equal. An area is one allocation of a
 * slab of its own, as there can be very many. It is made without a place, put
 * into the tree of an IOAS, taken out and freed.
 *
 * The tree is protected by ioas->iova_lock; see ioas.c.
 */
#include <linux/slab.h>

#include "nesting.h"

static struct kmem_cache *area_cache;

int iommufd_area_cache_init(void)
{
	area_cache = kmem_cache_create("iommufd_area",
				       sizeof(struct iommufd_area), 0,
				       SLAB_ACCOUNT, NULL);
	return area_cache ? 0 : -ENOMEM;
}

void iommufd_area_cache_exit(void)
{
	kmem_cache_destroy(area_cache);
}

void iommufd_area_init(struct iommufd_area *area,
		       struct iommufd_source *source, unsigned long pos,
		       unsigned long length, u16 prot)
{
	area->iova = 0;
	area->last = length - 1;
	area->pos = pos;
	area->source = source;
	area->ioas = NULL;
	area->holder = NULL;
	area->prot = prot;
	area->absent = iommufd_area_is_mmio(area);
	if (area->absent)
		area->prot = (prot & ~IOMMU_CACHE) | IOMMU_MMIO;
	area->state = IOMMUFD_AREA_MAPPING;
	area->derived = false;
}

/**
 * iommufd_area_alloc() - make an area
 * @source: memory; the caller's reference goes to the area
 * @pos: position in the source
 * @length: bytes
 * @prot: IOMMU_READ and so on
 *
 * Return: an area in no IOAS, or NULL; then the reference is dropped.
 */
struct iommufd_area *iommufd_area_alloc(struct iommufd_source *source,
					unsigned long pos, unsigned long length,
					u16 prot)
{
	struct iommufd_area *area;

	area = kmem_cache_alloc(area_cache, GFP_KERNEL);
	if (!area) {
		iommufd_source_put(source);
		return NULL;
	}
	iommufd_area_init(area, source, pos, length, prot);
	return area;
}

/* Free an area that is in no tree, with its pages let go */
void iommufd_area_free(struct iommufd_area *area)
{
	if (area->holder)
		iommufd_area_unshare(area);
	iommufd_source_put(area->source);
	if (area->derived)
		iommufd_area_free_derived(area);
	else
		kmem_cache_free(area_cache, area);
}

#define to_area(n) rb_entry(n, struct iommufd_area, node)

static int cmp_range(unsigned long iova, unsigned long last,
		     const struct rb_node *node)
{
	const struct iommufd_area *area = to_area(node);

	if (last < area->iova)
		return -1;
	return iova > area->last;
}

static int cmp_key(const void *key, const struct rb_node *node)
{
	const struct iommu_iova_range *range = key;

	return cmp_range(range->start, range->last, node);
}

/* The first area that overlaps [iova, last] */
struct iommufd_area *iommufd_area_first(struct iommufd_ioas *ioas,
					unsigned long iova, unsigned long last)
{
	struct iommu_iova_range range = { .start = iova, .last = last };
	struct rb_node *node = rb_find_first(&range, &ioas->areas, cmp_key);

	return node ? to_area(node) : NULL;
}

/* The next one that overlaps [iova, last] */
struct iommufd_area *iommufd_area_next(struct iommufd_area *area,
				       unsigned long iova, unsigned long last)
{
	struct rb_node *node = rb_next(&area->node);

	if (!node || cmp_range(iova, last, node))
		return NULL;
	return to_area(node);
}

/**
 * iommufd_area_insert() - put a new area into an IOAS
 * @area: area in no IOAS
 * @ioas: address space
 * @iova: first IOVA
 *
 * The way down the tree that finds the place also finds out whether the IOVAs
 * are free.
 *
 * Return: 0, or -EEXIST if one of the IOVAs is mapped; then nothing changed.
 */
int iommufd_area_insert(struct iommufd_area *area, struct iommufd_ioas *ioas,
			unsigned long iova)
{
	struct rb_node **link = &ioas->areas.rb_node;
	unsigned long last = area->last + iova;
	struct rb_node *parent = NULL;

	lockdep_assert_held(&ioas->iova_lock);
	while (*link) {
		parent = *link;
		if (iova > to_area(parent)->last)
			link = &parent->rb_right;
		else if (last < to_area(parent)->iova)
			link = &parent->rb_left;
		else
			return -EEXIST;
	}
	area->iova = iova;
	area->last = last;
	area->ioas = ioas;
	rb_link_node(&area->node, parent, link);
	rb_insert_color(&area->node, &ioas->areas);
	ioas->num_areas++;
	if (area->derived)
		iommufd_area_link(area);
	return 0;
}

/* Take an area out of its IOAS; its IOVAs are free */
void iommufd_area_erase(struct iommufd_area *area)
{
	struct iommufd_ioas *ioas = area->ioas;
	struct rb_node *prev;

	lockdep_assert_held(&ioas->iova_lock);
	if (area->derived)
		iommufd_area_unlink(area);
	/* What was free below, and too small, is free together with this */
	if (!iommufd_ioas_all_free(ioas)) {
		prev = rb_prev(&area->node);
		iommufd_ioas_note_free(ioas, prev ? to_area(prev)->last + 1 : 1);
	}
	rb_erase(&area->node, &ioas->areas);
	ioas->num_areas--;
}
