// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software nesting: an IOAS whose mappings are those of another one.
 *
 * A child has a parent, and is filled by copies from it. A derived area is such a
 * copy. It remembers which IOVAs of the parent it is of, and is found by them in
 * an interval tree of the child. When the parent unmaps an area, every area that
 * is derived from it is unmapped first, in all children, and before that in their
 * children. An area that is copied inside the child, or from another child of the
 * same parent, is derived from the parent, too.
 *
 * parent->nest_lock keeps copies to its children apart from unmaps: a copy holds
 * it for reading from where it looks at the areas of the parent to where the
 * derived ones are in place, an unmap of a parent for writing. It also protects
 * the list of children. An unmap learns from the list, under iova_lock, whether
 * there are children at all; without any there is nothing to lock. The locks of a
 * child are taken when nothing but nest_lock of its ancestors is held. Losing
 * areas needs no memory, and cannot fail.
 *
 * What comes from another relative would outlive the unmap of a common ancestor:
 * a child takes copies from its parent, its siblings and itself, or from outside of
 * the family.
 */
#include <linux/slab.h>

#include "nesting.h"

/* Generations below an IOAS without a parent; each has its lockdep class */
#define DEPTH_MAX 7

/**
 * struct iommufd_derived_area - an area that is a copy of the parent's
 * @area: the area
 * @node: IOVAs of the parent; in ioas->derived if the area is in the IOAS
 */
struct iommufd_derived_area {
	struct iommufd_area area;
	struct interval_tree_node node;
};

static struct iommufd_derived_area *to_derived(struct iommufd_area *area)
{
	return container_of(area, struct iommufd_derived_area, area);
}

/*
 * Children
 */

/**
 * iommufd_ioas_add_child() - make an IOAS a child of another one
 * @parent: the other one
 * @child: new IOAS, not published
 *
 * Return: 0, -EINVAL if there are too many generations, -ENOENT if the parent is
 * being destroyed.
 */
int iommufd_ioas_add_child(struct iommufd_ioas *parent,
			   struct iommufd_ioas *child)
{
	int rc;

	if (parent->depth == DEPTH_MAX)
		return -EINVAL;
	rc = iommufd_object_use(parent->ictx, &parent->obj);
	if (rc)
		return rc;
	child->parent = parent;
	child->depth = parent->depth + 1;
	down_write_nested(&parent->nest_lock, parent->depth);
	mutex_lock(&parent->iova_lock);
	list_add(&child->sibling, &parent->children);
	mutex_unlock(&parent->iova_lock);
	up_write(&parent->nest_lock);
	return 0;
}

/* Undo iommufd_ioas_add_child(), with nothing mapped in the child */
void iommufd_ioas_remove_child(struct iommufd_ioas *child)
{
	struct iommufd_ioas *parent = child->parent;

	WARN_ON(!RB_EMPTY_ROOT(&child->derived.rb_root));
	down_write_nested(&parent->nest_lock, parent->depth);
	mutex_lock(&parent->iova_lock);
	list_del(&child->sibling);
	mutex_unlock(&parent->iova_lock);
	up_write(&parent->nest_lock);
	iommufd_object_unuse(parent->ictx, &parent->obj);
}

/*
 * Derived areas
 */

/* The IOVA of the parent of @dst that a position in an area of @src is of */
static bool find_origin(struct iommufd_ioas *dst, struct iommufd_area *area,
			unsigned long iova, unsigned long *origin)
{
	struct iommufd_ioas *src = area->ioas;

	if (!dst->parent)
		return false;
	*origin = iova;
	if (src == dst->parent)
		return true;
	if (src->parent != dst->parent || !area->derived)
		return false;
	*origin = to_derived(area)->node.start + (iova - area->iova);
	return true;
}

/**
 * iommufd_area_alloc_copy() - make an area for a copy of a part of another one
 * @dst: where it will be
 * @area: what is copied
 * @iova: first IOVA of the part
 * @length: bytes
 * @prot: of the copy
 *
 * Return: an area in no IOAS, derived from @area if @dst is a child of its IOAS
 * or a sibling, or NULL.
 */
struct iommufd_area *iommufd_area_alloc_copy(struct iommufd_ioas *dst,
					     struct iommufd_area *area,
					     unsigned long iova,
					     unsigned long length, u16 prot)
{
	struct iommufd_source *source = iommufd_source_ref(area->source);
	unsigned long pos = area->pos + (iova - area->iova);
	struct iommufd_derived_area *derived;
	unsigned long origin;

	if (!find_origin(dst, area, iova, &origin))
		return iommufd_area_alloc(source, pos, length, prot);
	derived = kmalloc(sizeof(*derived), GFP_KERNEL_ACCOUNT);
	if (!derived) {
		iommufd_source_put(source);
		return NULL;
	}
	iommufd_area_init(&derived->area, source, pos, length, prot);
	derived->area.derived = true;
	derived->node.start = origin;
	derived->node.last = origin + length - 1;
	return &derived->area;
}

void iommufd_area_free_derived(struct iommufd_area *area)
{
	kfree(to_derived(area));
}

/* A derived area has come into its IOAS */
void iommufd_area_link(struct iommufd_area *area)
{
	lockdep_assert_held(&area->ioas->iova_lock);
	interval_tree_insert(&to_derived(area)->node, &area->ioas->derived);
}

/* A derived area leaves its IOAS */
void iommufd_area_unlink(struct iommufd_area *area)
{
	lockdep_assert_held(&area->ioas->iova_lock);
	interval_tree_remove(&to_derived(area)->node, &area->ioas->derived);
}

/**
 * iommufd_ioas_next_derived() - find an area that is derived
 * @child: where
 * @iova: from this IOVA of the parent
 * @last: to this one, inclusive
 *
 * Return: one of the areas, or NULL.
 */
struct iommufd_area *iommufd_ioas_next_derived(struct iommufd_ioas *child,
					       unsigned long iova,
					       unsigned long last)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&child->iova_lock);
	node = interval_tree_iter_first(&child->derived, iova, last);
	return node ? &container_of(node, struct iommufd_derived_area,
				    node)->area : NULL;
}

static const struct iommufd_ioas *eldest(const struct iommufd_ioas *ioas)
{
	while (ioas->parent)
		ioas = ioas->parent;
	return ioas;
}

/**
 * iommufd_ioas_lock_copy() - let nothing be unmapped that is being copied
 * @src: source of the copy
 * @dst: destination of the copy
 *
 * To be called before the source is looked at. iommufd_ioas_unlock_copy() after
 * the copy is in place.
 *
 * Return: 0, or -EINVAL if @src is a relative that @dst cannot copy from.
 */
int iommufd_ioas_lock_copy(struct iommufd_ioas *src, struct iommufd_ioas *dst)
{
	if (!dst->parent)
		return 0;
	if (src != dst->parent && src->parent != dst->parent &&
	    eldest(src) == eldest(dst))
		return -EINVAL;
	down_read_nested(&dst->parent->nest_lock, dst->parent->depth);
	return 0;
}

void iommufd_ioas_unlock_copy(struct iommufd_ioas *dst)
{
	if (dst->parent)
		up_read(&dst->parent->nest_lock);
}

/**
 * iommufd_ioas_lose() - unmap what all children have of a range
 * @parent: of the children; nest_lock is held for writing
 * @iova: first IOVA of the range
 * @last: last one, inclusive; areas of the parent are not cut by the range
 */
void iommufd_ioas_lose(struct iommufd_ioas *parent, unsigned long iova,
		       unsigned long last)
{
	struct iommufd_ioas *child;

	lockdep_assert_held_write(&parent->nest_lock);
	list_for_each_entry(child, &parent->children, sibling)
		iommufd_ioas_unmap_derived(child, iova, last);
}
