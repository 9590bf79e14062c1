// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which IOVAs an address space may use.
 *
 * Two interval trees of an IOAS say so, both under ioas->iova_lock:
 *
 *  reserved	ranges that cannot be mapped: outside the aperture of a table,
 *		or special to an attached group (MSI doorbells, firmware). Each
 *		has an owner and goes with him; ranges may overlap.
 *  allowed	ranges that user space wants to keep usable, and from which
 *		automatic allocation chooses. Nothing of them becomes reserved.
 *
 * What is usable is everything outside the reserved ranges.
 *
 * A new set of reserved ranges is first collected in a tree of its own, and
 * adopted by the IOAS as a whole or not at all.
 */
#include <linux/sizes.h>
#include <linux/slab.h>

#include "iommufd_private.h"

int iommufd_iova_add(struct rb_root_cached *root, unsigned long start,
		     unsigned long last, const void *owner)
{
	struct iommufd_iova_node *iova;

	iova = kzalloc(sizeof(*iova), GFP_KERNEL_ACCOUNT);
	if (!iova)
		return -ENOMEM;
	iova->node.start = start;
	iova->node.last = last;
	iova->owner = owner;
	interval_tree_insert(&iova->node, root);
	return 0;
}

/* Remove the ranges of @owner, or all with NULL */
void iommufd_iova_remove(struct rb_root_cached *root, const void *owner)
{
	struct interval_tree_node *node, *next;

	for (node = interval_tree_iter_first(root, 0, ULONG_MAX); node;
	     node = next) {
		struct iommufd_iova_node *iova =
			container_of(node, struct iommufd_iova_node, node);

		next = interval_tree_iter_next(node, 0, ULONG_MAX);
		if (owner && iova->owner != owner)
			continue;
		interval_tree_remove(node, root);
		kfree(iova);
	}
}

/* Reserve what lies outside the aperture of @domain */
int iommufd_iova_add_aperture(struct rb_root_cached *root,
			      struct iommu_domain *domain, const void *owner)
{
	const struct iommu_domain_geometry *geo = &domain->geometry;
	int rc;

	if (!geo->force_aperture)
		return 0;
	if (geo->aperture_start) {
		rc = iommufd_iova_add(root, 0, geo->aperture_start - 1, owner);
		if (rc)
			return rc;
	}
	if (geo->aperture_end < ULONG_MAX)
		return iommufd_iova_add(root, geo->aperture_end + 1, ULONG_MAX,
					owner);
	return 0;
}

/**
 * iommufd_iova_add_resv() - reserve what the devices of a group cannot use
 * @root: tree to add to
 * @igroup: group
 * @owner: of the new nodes
 * @sw_msi: returns the window in which the kernel maps MSI doorbells; it ends before
 *          it starts if there is none
 *
 * Return: 0 or an error; then nodes of @owner may have been added.
 */
int iommufd_iova_add_resv(struct rb_root_cached *root,
			  struct iommufd_group *igroup, const void *owner,
			  struct iommu_iova_range *sw_msi)
{
	static const struct iommu_iova_range none = { .start = 1 };
	struct iommu_resv_region *resv, *next;
	bool hw_msi = false;
	LIST_HEAD(regions);
	int rc;

	*sw_msi = none;
	/* What the device cannot use has to do with memory, not with IOVAs */
	if (igroup->no_iommu)
		return 0;
	rc = iommu_get_group_resv_regions(igroup->group, &regions);
	list_for_each_entry_safe(resv, next, &regions, list) {
		switch (resv->type) {
		case IOMMU_RESV_DIRECT_RELAXABLE:
			/* Firmware used it, a user of the device does not */
			goto free;
		case IOMMU_RESV_MSI:
			hw_msi = true;
			break;
		case IOMMU_RESV_SW_MSI:
			sw_msi->start = resv->start;
			sw_msi->last = resv->start + resv->length - 1;
			break;
		default:
			break;
		}
		if (!rc && resv->length)
			rc = iommufd_iova_add(root, resv->start,
					      resv->start + resv->length - 1,
					      owner);
free:
		list_del(&resv->list);
		kfree(resv);
	}
	if (hw_msi)
		*sw_msi = none;
	return rc;
}

/**
 * iommufd_iova_next_free() - walk through what is not reserved
 * @reserved: reserved ranges
 * @range: in: @range->start, where to look from on; out: the first free range
 *         there
 *
 * Return: true if there is one.
 */
bool iommufd_iova_next_free(struct rb_root_cached *reserved,
			    struct iommu_iova_range *range)
{
	struct interval_tree_node *node;
	unsigned long start = range->start;

	for (node = interval_tree_iter_first(reserved, start, ULONG_MAX);
	     node && node->start <= start;
	     node = interval_tree_iter_next(node, range->start, ULONG_MAX)) {
		if (node->last == ULONG_MAX)
			return false;
		start = max(start, node->last + 1);
	}
	range->start = start;
	range->last = node ? node->start - 1 : ULONG_MAX;
	return true;
}

/**
 * iommufd_iova_emit_free() - tell user space what is not reserved
 * @reserved: reserved ranges
 * @uptr: user address of an array of struct iommu_iova_range
 * @num_ranges: in: room in the array; out: number of ranges
 * @max_iova: returns the highest IOVA that is free, 0 if none is
 *
 * Return: 0, -EMSGSIZE if the array was too small, or -EFAULT.
 */
int iommufd_iova_emit_free(struct rb_root_cached *reserved, u64 uptr,
			   u32 *num_ranges, unsigned long *max_iova)
{
	struct iommu_iova_range __user *out = u64_to_user_ptr(uptr);
	struct iommu_iova_range range = {};
	u32 room = *num_ranges;
	u32 n = 0;

	*max_iova = 0;
	while (iommufd_iova_next_free(reserved, &range)) {
		if (n < room && copy_to_user(&out[n], &range, sizeof(range)))
			return -EFAULT;
		n++;
		*max_iova = range.last;
		if (range.last == ULONG_MAX)
			break;
		range.start = range.last + 1;
	}
	*num_ranges = n;
	return n > room ? -EMSGSIZE : 0;
}

/*
 * Find the lowest @length bytes in [from, last] that are neither reserved nor
 * mapped, at the same offset as @va in units of @align.
 */
static bool find_free(struct iommufd_ioas *ioas, unsigned long from,
		      unsigned long last, unsigned long length,
		      unsigned long va, unsigned long align,
		      unsigned long *iova)
{
	struct interval_tree_node *reserved;
	struct iommufd_area *area;
	unsigned long skip, end;

	for (;;) {
		skip = (va - from) & (align - 1);
		if (check_add_overflow(from, skip, &from) ||
		    check_add_overflow(from, length - 1, &end) || end > last)
			return false;
		area = iommufd_area_first(ioas, from, end);
		reserved = interval_tree_iter_first(&ioas->reserved, from, end);
		if (!area && !reserved)
			break;
		if (area)
			from = area->last;
		if (reserved && (!area || reserved->last > from))
			from = reserved->last;
		if (from == ULONG_MAX)
			return false;
		from++;
	}
	*iova = from;
	return true;
}

/* Large pages are worth aligning for from this length on */
static bool is_large(struct iommufd_ioas *ioas, unsigned long length)
{
	return ioas->huge_pages && length >= SZ_2M;
}

/*
 * Choose outside of any allowed list. What lies below first_free[] is known to
 * have no room for a mapping of that class, so that a series of maps does not
 * search from the bottom each time.
 */
static bool alloc_anywhere(struct iommufd_ioas *ioas, unsigned long *iova,
			   unsigned long va, unsigned long length,
			   unsigned long align)
{
	bool large = is_large(ioas, length);
	unsigned long *first_free = &ioas->first_free[large];
	unsigned long from = *first_free;
	unsigned long skip = (va - from) & (align - 1);

	/* With less alignment than its class there may be room below */
	if (large && align < SZ_2M)
		return find_free(ioas, 1, ULONG_MAX, length, va, align, iova);
	if (!find_free(ioas, from, ULONG_MAX, length, va, align, iova))
		return false;
	/* What is left out has no room either, unless for less alignment */
	if (*iova == from + skip && skip < (large ? SZ_2M : PAGE_SIZE) &&
	    *iova + length)
		*first_free = *iova + length;
	return true;
}

static bool alloc_aligned(struct iommufd_ioas *ioas, unsigned long *iova,
			  unsigned long va, unsigned long length,
			  unsigned long align)
{
	struct interval_tree_node *node;

	node = interval_tree_iter_first(&ioas->allowed, 0, ULONG_MAX);
	if (!node)
		return alloc_anywhere(ioas, iova, va, length, align);
	for (; node; node = interval_tree_iter_next(node, 0, ULONG_MAX))
		if (find_free(ioas, max(node->start, 1UL), node->last, length,
			      va, align, iova))
			return true;
	return false;
}

/**
 * iommufd_ioas_alloc_iova() - choose IOVAs for a mapping
 * @ioas: address space
 * @iova: returns the first IOVA
 * @va: user address to be mapped: the IOVA gets the same offset in a page, and
 *      in a large page if the length is worth one and there is room, so that
 *      those can be used
 * @length: bytes
 *
 * Return: 0 or -ENOSPC.
 */
int iommufd_ioas_alloc_iova(struct iommufd_ioas *ioas, unsigned long *iova,
			    unsigned long va, unsigned long length)
{
	unsigned long page = max(ioas->alignment, PAGE_SIZE);

	lockdep_assert_held(&ioas->iova_lock);
	if (is_large(ioas, length)) {
		if (length >= SZ_1G &&
		    alloc_aligned(ioas, iova, va, length, SZ_1G))
			return 0;
		if (alloc_aligned(ioas, iova, va, length, SZ_2M))
			return 0;
	}
	return alloc_aligned(ioas, iova, va, length, page) ? 0 : -ENOSPC;
}

/* Does automatic allocation begin at the bottom anyway? */
bool iommufd_ioas_all_free(struct iommufd_ioas *ioas)
{
	lockdep_assert_held(&ioas->iova_lock);
	return ioas->first_free[0] == 1 && ioas->first_free[1] == 1;
}

/* IOVAs from @iova on may have become free; 1 for all of them */
void iommufd_ioas_note_free(struct iommufd_ioas *ioas, unsigned long iova)
{
	lockdep_assert_held(&ioas->iova_lock);
	ioas->first_free[0] = min(ioas->first_free[0], max(iova, 1UL));
	ioas->first_free[1] = min(ioas->first_free[1], max(iova, 1UL));
}

/* May [iova, iova + length) be mapped, if it is not mapped already? */
int iommufd_ioas_check_iova(struct iommufd_ioas *ioas, unsigned long iova,
			    unsigned long length)
{
	unsigned long last = iova + length - 1;

	lockdep_assert_held(&ioas->iova_lock);
	if ((iova | length) & (ioas->alignment - 1))
		return -EINVAL;
	if (interval_tree_iter_first(&ioas->reserved, iova, last))
		return -EINVAL;
	return 0;
}

/**
 * iommufd_ioas_adopt_reserved() - make ranges reserved in an IOAS
 * @ioas: address space
 * @from: tree of new ranges; empty on success
 *
 * Return: 0, or -EADDRINUSE if a range is mapped or allowed.
 */
int iommufd_ioas_adopt_reserved(struct iommufd_ioas *ioas,
				struct rb_root_cached *from)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&ioas->iova_lock);
	for (node = interval_tree_iter_first(from, 0, ULONG_MAX); node;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX))
		if (iommufd_area_first(ioas, node->start, node->last) ||
		    interval_tree_iter_first(&ioas->allowed, node->start,
					     node->last))
			return -EADDRINUSE;

	while ((node = interval_tree_iter_first(from, 0, ULONG_MAX))) {
		interval_tree_remove(node, from);
		interval_tree_insert(node, &ioas->reserved);
	}
	return 0;
}

void iommufd_ioas_release_reserved(struct iommufd_ioas *ioas,
				   const void *owner)
{
	mutex_lock(&ioas->iova_lock);
	iommufd_iova_remove(&ioas->reserved, owner);
	iommufd_ioas_note_free(ioas, 1);
	mutex_unlock(&ioas->iova_lock);
}

/**
 * iommufd_ioas_set_alignment() - set what areas must be aligned to
 * @ioas: address space
 * @alignment: in bytes, a power of two
 *
 * Return: 0; -EINVAL if it is more than a page, which user memory cannot be
 * relied on to have; -EADDRINUSE if an area does not have it.
 */
int iommufd_ioas_set_alignment(struct iommufd_ioas *ioas,
			       unsigned long alignment)
{
	struct iommufd_area *area;

	lockdep_assert_held(&ioas->iova_lock);
	if (alignment > PAGE_SIZE)
		return -EINVAL;
	if (alignment > ioas->alignment)
		iommufd_for_each_area(area, ioas, 0, ULONG_MAX)
			if ((area->iova | iommufd_area_length(area) |
			     area->pos) & (alignment - 1))
				return -EADDRINUSE;
	ioas->alignment = alignment;
	return 0;
}
