// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a VFIO container that map and unmap, on an IOAS.
 *
 * What user space sees is what the type1 driver of VFIO shows it: structs that
 * begin with their size (argsz), every check in its order, and EINVAL for most
 * that is wrong. Documentation/userspace-api/iommufd.rst lists what differs.
 * Nothing is stored here; a mapping is an area like any other.
 *
 * In a container of VFIO_TYPE1_IOMMU ("v1") an unmap takes mappings that it
 * covers in part, but for one that begins before it. In one of v2 it must cover
 * them.
 *
 * Dirty pages: with a device that does DMA all that is mapped may be dirty, as
 * nobody tracks what it writes through a table that is made for a container.
 * All of it is reported.
 *
 * ioas->iova_lock is not held while memory of user space is read or written.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <uapi/linux/vfio.h>

#include "iommufd_private.h"

/* Bits that one call can report, as of type1 */
#define DIRTY_BITS_MAX ((u64)INT_MAX)

static u64 bitmap_bytes(u64 bits)
{
	return ALIGN(bits, BITS_PER_TYPE(u64)) / BITS_PER_BYTE;
}

/* Page sizes of all tables. A page can be mapped whatever they are made of */
static unsigned long page_sizes(struct iommufd_ioas *ioas)
{
	struct iommufd_hwpt *hwpt;
	unsigned long sizes = ULONG_MAX;

	down_read(&ioas->tables_lock);
	list_for_each_entry(hwpt, &ioas->tables, entry)
		sizes &= hwpt->domain->pgsize_bitmap;
	up_read(&ioas->tables_lock);
	if (sizes & ~PAGE_MASK || !sizes)
		sizes = (sizes & PAGE_MASK) | PAGE_SIZE;
	return sizes;
}

/* What IOVAs and lengths must be multiples of */
static unsigned long smallest_page(struct iommufd_ioas *ioas)
{
	return 1UL << __ffs(page_sizes(ioas));
}

/*
 * VFIO_IOMMU_GET_INFO
 */

/**
 * struct type1_caps - the capabilities that follow the struct of the caller
 * @migration: always there
 * @avail: the same
 * @ranges: there if the IOAS has a table
 */
struct type1_caps {
	struct vfio_iommu_type1_info_cap_migration migration;
	struct vfio_iommu_type1_info_dma_avail avail;
	struct vfio_iommu_type1_info_cap_iova_range ranges;
} __packed;

static unsigned int count_ranges(struct iommufd_ioas *ioas)
{
	struct iommu_iova_range range = {};
	unsigned int n = 0;

	while (iommufd_iova_next_free(&ioas->reserved, &range)) {
		n++;
		if (range.last == ULONG_MAX)
			break;
		range.start = range.last + 1;
	}
	return n;
}

static void fill_ranges(struct iommufd_ioas *ioas, struct type1_caps *caps)
{
	struct iommu_iova_range range = {};
	unsigned int i;

	for (i = 0; i < caps->ranges.nr_iovas; i++) {
		iommufd_iova_next_free(&ioas->reserved, &range);
		caps->ranges.iova_ranges[i].start = range.start;
		caps->ranges.iova_ranges[i].end = range.last;
		range.start = range.last + 1;
	}
}

/* The capabilities, or an ERR_PTR; and their size */
static struct type1_caps *make_caps(struct iommufd_ioas *ioas,
				    unsigned long page_size, size_t *size)
{
	unsigned int limit = READ_ONCE(ioas->ictx->vfio.map_limit);
	struct type1_caps *caps;
	unsigned int n = 0;

	down_read(&ioas->tables_lock);
	mutex_lock(&ioas->iova_lock);
	if (!list_empty(&ioas->tables))
		n = count_ranges(ioas);
	*size = n ? struct_size(caps, ranges.iova_ranges, n) :
		    offsetof(struct type1_caps, ranges);
	caps = kzalloc(struct_size(caps, ranges.iova_ranges, n),
		       GFP_KERNEL_ACCOUNT);
	if (!caps) {
		caps = ERR_PTR(-ENOMEM);
		goto out_unlock;
	}
	caps->avail.avail = limit - min_t(unsigned long, limit, ioas->num_areas);
	caps->ranges.nr_iovas = n;
	fill_ranges(ioas, caps);
out_unlock:
	mutex_unlock(&ioas->iova_lock);
	up_read(&ioas->tables_lock);
	if (IS_ERR(caps))
		return caps;

	caps->migration.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION;
	caps->migration.header.version = 1;
	caps->migration.pgsize_bitmap = page_size;
	caps->migration.max_dirty_bitmap_size = bitmap_bytes(DIRTY_BITS_MAX);
	caps->avail.header.id = VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL;
	caps->avail.header.version = 1;
	caps->ranges.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
	caps->ranges.header.version = 1;
	return caps;
}

/* Offsets in the chain count from the beginning of the caller's struct */
static void link_caps(struct type1_caps *caps, size_t size)
{
	size_t start = sizeof(struct vfio_iommu_type1_info);

	caps->migration.header.next = start + offsetof(struct type1_caps, avail);
	if (size > offsetof(struct type1_caps, ranges))
		caps->avail.header.next =
			start + offsetof(struct type1_caps, ranges);
}

static long get_info(struct iommufd_ioas *ioas, void __user *arg)
{
	size_t size = offsetofend(struct vfio_iommu_type1_info, iova_pgsizes);
	struct vfio_iommu_type1_info info = {};
	struct type1_caps *caps;
	size_t caps_size;
	long rc = 0;

	if (copy_from_user(&info, arg, size))
		return -EFAULT;
	if (info.argsz < size)
		return -EINVAL;
	/* Callers from before there were capabilities have no cap_offset */
	if (info.argsz >= offsetofend(struct vfio_iommu_type1_info, cap_offset))
		size = offsetofend(struct vfio_iommu_type1_info, cap_offset);

	info.iova_pgsizes = page_sizes(ioas);
	info.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	caps = make_caps(ioas, 1UL << __ffs(info.iova_pgsizes), &caps_size);
	if (IS_ERR(caps))
		return PTR_ERR(caps);
	if (info.argsz < sizeof(info) + caps_size) {
		info.argsz = sizeof(info) + caps_size;
	} else {
		link_caps(caps, caps_size);
		info.cap_offset = sizeof(info);
		if (copy_to_user(arg + sizeof(info), caps, caps_size))
			rc = -EFAULT;
	}
	kfree(caps);
	if (!rc && copy_to_user(arg, &info, size))
		rc = -EFAULT;
	return rc;
}

/*
 * VFIO_IOMMU_MAP_DMA
 */

/* Is this a range of whole pages that does not wrap? */
static bool is_range(u64 start, u64 length, unsigned long page_size)
{
	u64 last;

	return length && !((start | length) & (page_size - 1)) &&
	       length <= SIZE_MAX &&
	       !check_add_overflow(start, length - 1, &last);
}

static long map_dma(struct iommufd_ioas *ioas, void __user *arg)
{
	size_t size = offsetofend(struct vfio_iommu_type1_dma_map, size);
	u32 flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMUFD_MAP_LIMITED;
	struct vfio_iommu_type1_dma_map map;
	unsigned long page_size;

	if (copy_from_user(&map, arg, size))
		return -EFAULT;
	if (map.argsz < size ||
	    map.flags & ~(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE |
			  VFIO_DMA_MAP_FLAG_VADDR))
		return -EINVAL;
	if (map.flags == VFIO_DMA_MAP_FLAG_VADDR)
		return -EOPNOTSUPP;
	if (!map.flags || map.flags & VFIO_DMA_MAP_FLAG_VADDR)
		return -EINVAL;
	if (map.flags & VFIO_DMA_MAP_FLAG_READ)
		flags |= IOMMU_IOAS_MAP_READABLE;
	if (map.flags & VFIO_DMA_MAP_FLAG_WRITE)
		flags |= IOMMU_IOAS_MAP_WRITEABLE;

	page_size = smallest_page(ioas);
	if (map.iova > ULONG_MAX || map.vaddr > ULONG_MAX ||
	    !is_range(map.iova, map.size, page_size) ||
	    !is_range(map.vaddr, map.size, page_size))
		return -EINVAL;
	return iommufd_ioas_map_user(ioas->ictx, ioas->obj.id, map.vaddr,
				     map.size, flags, map.iova, NULL);
}

/*
 * Dirty pages
 */

/* The next mapping in [*iova, last]; returns what of it is in the range */
static bool next_mapped(struct iommufd_ioas *ioas, unsigned long *iova,
			unsigned long last, unsigned long *area_last)
{
	struct iommufd_area *area;
	bool found = false;

	mutex_lock(&ioas->iova_lock);
	iommufd_for_each_area(area, ioas, *iova, last) {
		if (area->state != IOMMUFD_AREA_MAPPED)
			continue;
		*iova = max(*iova, area->iova);
		*area_last = min(last, area->last);
		found = true;
		break;
	}
	mutex_unlock(&ioas->iova_lock);
	return found;
}

/*
 * Set bits of a bitmap of user space. As of type1, bits that share a word with
 * what comes before stay as they are, and what follows in the last word is
 * cleared.
 */
static int set_user_bits(u64 __user *bitmap, unsigned long first,
			 unsigned long nbits)
{
	unsigned int shift = first % BITS_PER_TYPE(u64);
	u64 __user *word = bitmap + first / BITS_PER_TYPE(u64);
	u64 value = 0;

	if (shift && copy_from_user(&value, word, sizeof(value)))
		return -EFAULT;
	while (nbits) {
		unsigned long n = min_t(unsigned long, nbits,
					BITS_PER_LONG_LONG - shift);

		value |= GENMASK_ULL(shift + n - 1, shift);
		if (copy_to_user(word++, &value, sizeof(value)))
			return -EFAULT;
		nbits -= n;
		shift = 0;
		value = 0;
		cond_resched();
	}
	return 0;
}

static int report_dirty(struct iommufd_ioas *ioas, unsigned long iova,
			unsigned long last, unsigned long page_size,
			u64 __user *bitmap)
{
	unsigned int shift = ilog2(page_size);
	unsigned long pos = iova, area_last;
	int rc;

	while (next_mapped(ioas, &pos, last, &area_last)) {
		rc = set_user_bits(bitmap, (pos - iova) >> shift,
				   ((area_last - pos) >> shift) + 1);
		if (rc || area_last == last)
			return rc;
		pos = area_last + 1;
	}
	return 0;
}

/* Does the range begin or end inside a mapping? */
static bool cuts_mapping(struct iommufd_ioas *ioas, unsigned long iova,
			 unsigned long last)
{
	struct iommufd_area *area;
	bool cuts;

	mutex_lock(&ioas->iova_lock);
	area = iommufd_area_first(ioas, iova, iova);
	cuts = area && area->iova != iova;
	area = iommufd_area_first(ioas, last, last);
	cuts = cuts || (area && area->last != last);
	mutex_unlock(&ioas->iova_lock);
	return cuts;
}

/* The checks of a bitmap that come before those of the range */
static int check_bitmap(const struct vfio_bitmap *bitmap, u64 length)
{
	u64 bits;

	if (!access_ok(bitmap->data, bitmap->size) || !bitmap->pgsize)
		return -EINVAL;
	bits = length >> __ffs64(bitmap->pgsize);
	if (!bits || !bitmap->size ||
	    bitmap->size > bitmap_bytes(DIRTY_BITS_MAX) ||
	    bits > DIRTY_BITS_MAX || bitmap->size < bitmap_bytes(bits))
		return -EINVAL;
	return 0;
}

static long get_dirty_bitmap(struct iommufd_ioas *ioas, void __user *arg,
			     u32 room)
{
	struct vfio_iommu_type1_dirty_bitmap_get get;
	unsigned long page_size, last;
	u64 end;
	int rc;

	if (room < sizeof(get))
		return -EINVAL;
	if (copy_from_user(&get, arg, sizeof(get)))
		return -EFAULT;
	if (check_add_overflow(get.iova, get.size, &end))
		return -EINVAL;
	rc = check_bitmap(&get.bitmap, get.size);
	if (rc)
		return rc;
	page_size = smallest_page(ioas);
	if (get.bitmap.pgsize != page_size ||
	    !is_range(get.iova, get.size, page_size) || end - 1 > ULONG_MAX ||
	    !READ_ONCE(ioas->ictx->vfio.dirty_tracking))
		return -EINVAL;
	last = end - 1;
	if (cuts_mapping(ioas, get.iova, last))
		return -EINVAL;
	return report_dirty(ioas, get.iova, last, page_size,
			    get.bitmap.data);
}

static long dirty_pages(struct iommufd_ioas *ioas, void __user *arg)
{
	size_t size = offsetofend(struct vfio_iommu_type1_dirty_bitmap, flags);
	struct vfio_iommu_type1_dirty_bitmap dirty;
	struct iommufd_vfio *vfio = &ioas->ictx->vfio;

	if (READ_ONCE(vfio->type) == VFIO_TYPE1_IOMMU)
		return -EACCES;
	if (copy_from_user(&dirty, arg, size))
		return -EFAULT;
	if (dirty.argsz < size)
		return -EINVAL;
	switch (dirty.flags) {
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_START:
		WRITE_ONCE(vfio->dirty_tracking, true);
		return 0;
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP:
		WRITE_ONCE(vfio->dirty_tracking, false);
		return 0;
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP:
		return get_dirty_bitmap(ioas, arg + size, dirty.argsz - size);
	default:
		return -EINVAL;
	}
}

/*
 * VFIO_IOMMU_UNMAP_DMA
 */

/*
 * The mappings that an unmap of v1 takes: those that begin in the range, if no
 * other one reaches into it from below. Returns false if there are none.
 */
static bool round_for_v1(struct iommufd_ioas *ioas, unsigned long iova,
			 unsigned long *last)
{
	struct iommufd_area *area;
	bool any;

	mutex_lock(&ioas->iova_lock);
	area = iommufd_area_first(ioas, iova, *last);
	any = area && area->iova >= iova;
	area = iommufd_area_first(ioas, *last, *last);
	if (any && area)
		*last = area->last;
	mutex_unlock(&ioas->iova_lock);
	return any;
}

static int unmap_v1(struct iommufd_ioas *ioas, unsigned long iova,
		    unsigned long last, unsigned long *unmapped)
{
	int rc;

	do {
		unsigned long rounded = last;

		*unmapped = 0;
		if (!round_for_v1(ioas, iova, &rounded))
			return 0;
		/* If it changed in between it is rounded again */
		rc = iommufd_ioas_unmap_range(ioas, iova, rounded, unmapped);
	} while (rc == -ENOENT);
	return rc;
}

static int unmap_v2(struct iommufd_ioas *ioas, unsigned long iova,
		    unsigned long last, unsigned long *unmapped)
{
	int rc = iommufd_ioas_unmap_range(ioas, iova, last, unmapped);

	return rc == -ENOENT ? -EINVAL : rc;
}

static int read_unmap(void __user *arg, struct vfio_iommu_type1_dma_unmap *unmap,
		      struct vfio_bitmap *bitmap)
{
	size_t size = offsetofend(struct vfio_iommu_type1_dma_unmap, size);
	bool dirty;

	if (copy_from_user(unmap, arg, size))
		return -EFAULT;
	if (unmap->argsz < size ||
	    unmap->flags & ~(VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP |
			     VFIO_DMA_UNMAP_FLAG_ALL |
			     VFIO_DMA_UNMAP_FLAG_VADDR))
		return -EINVAL;
	dirty = unmap->flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
	if (!dirty)
		return 0;
	if (unmap->flags & (VFIO_DMA_UNMAP_FLAG_ALL | VFIO_DMA_UNMAP_FLAG_VADDR))
		return -EINVAL;
	if (unmap->argsz < size + sizeof(*bitmap))
		return -EINVAL;
	if (copy_from_user(bitmap, arg + size, sizeof(*bitmap)))
		return -EFAULT;
	return check_bitmap(bitmap, unmap->size);
}

static long unmap_dma(struct iommufd_ioas *ioas, void __user *arg)
{
	size_t size = offsetofend(struct vfio_iommu_type1_dma_unmap, size);
	struct iommufd_vfio *vfio = &ioas->ictx->vfio;
	unsigned long page_size = smallest_page(ioas);
	struct vfio_iommu_type1_dma_unmap unmap;
	unsigned long last = ULONG_MAX;
	struct vfio_bitmap bitmap = {};
	unsigned long unmapped;
	bool dirty, all;
	int rc;

	rc = read_unmap(arg, &unmap, &bitmap);
	if (rc)
		return rc;
	if (unmap.flags & VFIO_DMA_UNMAP_FLAG_VADDR)
		return -EOPNOTSUPP;
	all = unmap.flags & VFIO_DMA_UNMAP_FLAG_ALL;
	dirty = unmap.flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
	if (all) {
		if (unmap.iova || unmap.size)
			return -EINVAL;
	} else {
		if (unmap.iova > ULONG_MAX ||
		    !is_range(unmap.iova, unmap.size, page_size))
			return -EINVAL;
		last = unmap.iova + unmap.size - 1;
	}
	if (dirty) {
		if (!READ_ONCE(vfio->dirty_tracking) ||
		    bitmap.pgsize != page_size ||
		    cuts_mapping(ioas, unmap.iova, last))
			return -EINVAL;
		rc = report_dirty(ioas, unmap.iova, last, page_size,
				  bitmap.data);
		if (rc)
			return rc;
	}

	if (READ_ONCE(vfio->type) == VFIO_TYPE1_IOMMU)
		rc = unmap_v1(ioas, unmap.iova, last, &unmapped);
	else
		rc = unmap_v2(ioas, unmap.iova, last, &unmapped);
	if (rc)
		return rc;
	unmap.size = unmapped;
	return copy_to_user(arg, &unmap, size) ? -EFAULT : 0;
}

/**
 * iommufd_type1_ioctl() - an ioctl that works on the mappings of a container
 * @ioas: compatibility IOAS, with a reference of the caller
 * @cmd: ioctl
 * @arg: its argument
 *
 * Return: as the type1 driver of VFIO does.
 */
long iommufd_type1_ioctl(struct iommufd_ioas *ioas, unsigned int cmd,
			 void __user *arg)
{
	switch (cmd) {
	case VFIO_IOMMU_GET_INFO:
		return get_info(ioas, arg);
	case VFIO_IOMMU_MAP_DMA:
		return map_dma(ioas, arg);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap_dma(ioas, arg);
	case VFIO_IOMMU_DIRTY_PAGES:
		return dirty_pages(ioas, arg);
	default:
		return -ENOTTY;
	}
}
