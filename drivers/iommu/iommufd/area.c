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

#include "iommufd_private.h"

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

/**
 * iommufd_area_alloc() - make an area
 * @payer: whose memory; the area takes a reference
 * @va: user address
 * @length: bytes
 * @prot: IOMMU_READ and so on
 *
 * Return: an area in no IOAS, or NULL.
 */
struct iommufd_area *iommufd_area_alloc(struct iommufd_payer *payer,
					unsigned long va, unsigned long length,
					u16 prot)
{
	struct iommufd_area *area;

	area = kmem_cache_alloc(area_cache, GFP_KERNEL);
	if (!area)
		return NULL;
	area->iova = 0;
	area->last = length - 1;
	area->va = va;
	area->payer = iommufd_payer_ref(payer);
	area->ioas = NULL;
	area->holder = NULL;
	area->prot = prot;
	area->state = IOMMUFD_AREA_MAPPING;
	return area;
}

/* Free an area that is in no tree, with its pages let go */
void iommufd_area_free(struct iommufd_area *area)
{
	iommufd_area_unshare(area);
	iommufd_payer_put(area->payer);
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

static int cmp_area(struct rb_node *new, const struct rb_node *node)
{
	return cmp_range(to_area(new)->iova, to_area(new)->last, node);
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

/* Put a new area into an IOAS at IOVAs that are free */
void iommufd_area_insert(struct iommufd_area *area, struct iommufd_ioas *ioas,
			 unsigned long iova)
{
	lockdep_assert_held(&ioas->iova_lock);
	area->ioas = ioas;
	area->iova += iova;
	area->last += iova;
	WARN_ON(rb_find_add(&area->node, &ioas->areas, cmp_area));
}

/* Take an area out of its IOAS; its IOVAs are free */
void iommufd_area_erase(struct iommufd_area *area)
{
	struct iommufd_ioas *ioas = area->ioas;
	struct rb_node *prev;

	lockdep_assert_held(&ioas->iova_lock);
	/* What was free below, and too small, is free together with this */
	if (!iommufd_ioas_all_free(ioas)) {
		prev = rb_prev(&area->node);
		iommufd_ioas_note_free(ioas, prev ? to_area(prev)->last + 1 : 1);
	}
	rb_erase(&area->node, &ioas->areas);
}
