// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/iommufd/fds, for root: every IOMMU fd with its IOASIDs,
 * their areas, and the devices that are attached.
 *
 * There is one line for each IOMMU fd, object and area, and there can be very
 * many: a cursor remembers the place between lines and between reads, and the
 * next line is looked up by its position, not by a pointer. So what comes and
 * goes between two reads is seen or not, and nothing is kept alive for a reader
 * that does not read.
 *
 * While lines are made for one read, the cursor holds the file of the fd that
 * it is in, which keeps the context, and a reference to the object that it is
 * at. An area is copied under ioas->iova_lock. Other locks are held while user
 * memory is pinned, so they are only tried. All is given back before data goes
 * to user space. The list of contexts has a spinlock; a context whose file is on
 * its way out is in the list, but its file cannot be had any more.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "nesting.h"

static DEFINE_SPINLOCK(contexts_lock);
static LIST_HEAD(contexts);
static struct dentry *debugfs_dir;

void iommufd_debugfs_add(struct iommufd_ctx *ictx)
{
	spin_lock(&contexts_lock);
	list_add_tail(&ictx->debugfs_entry, &contexts);
	spin_unlock(&contexts_lock);
}

void iommufd_debugfs_remove(struct iommufd_ctx *ictx)
{
	spin_lock(&contexts_lock);
	list_del(&ictx->debugfs_entry);
	spin_unlock(&contexts_lock);
}

/* The context with the lowest number from @number on, with its file held */
static struct iommufd_ctx *get_context(u64 number)
{
	struct iommufd_ctx *ictx, *found = NULL;

	spin_lock(&contexts_lock);
	list_for_each_entry(ictx, &contexts, debugfs_entry) {
		if (ictx->number < number ||
		    (found && found->number < ictx->number))
			continue;
		if (!get_file_rcu(ictx->file))
			continue;
		if (found)
			iommufd_ctx_put(found);
		found = ictx;
	}
	spin_unlock(&contexts_lock);
	return found;
}

/**
 * struct cursor - the place of a reader
 * @ictx: the context that it is in, held between start and stop
 * @obj: the object that it is at, held between start and stop; NULL before the
 *       first one, and if the object was destroyed between two reads
 * @number: of the context
 * @id: of the object, 0 before the first one
 * @in_areas: it is at an area of that object, which is an IOAS
 * @area: a copy of the area
 */
struct cursor {
	struct iommufd_ctx *ictx;
	struct iommufd_object *obj;
	u64 number;
	u32 id;
	bool in_areas;
	struct {
		unsigned long iova;
		unsigned long last;
		unsigned long pos;
		unsigned long ino;
		bool mmio;
		bool absent;
		u16 prot;
	} area;
};

static void put_object(struct cursor *c)
{
	if (c->obj)
		iommufd_object_put(c->ictx, c->obj);
	c->obj = NULL;
}

/* Go to the first context from c->number on */
static bool find_context(struct cursor *c)
{
	c->ictx = get_context(c->number);
	if (!c->ictx)
		return false;
	if (c->ictx->number != c->number) {
		c->number = c->ictx->number;
		c->id = 0;
		c->in_areas = false;
	}
	return true;
}

static bool next_context(struct cursor *c)
{
	iommufd_ctx_put(c->ictx);
	c->number++;
	c->id = 0;
	c->in_areas = false;
	return find_context(c);
}

static bool next_object(struct cursor *c)
{
	put_object(c);
	c->in_areas = false;
	c->obj = iommufd_object_next(c->ictx, IOMMUFD_OBJ_ANY, &c->id);
	return c->obj;
}

static bool next_area(struct cursor *c)
{
	unsigned long iova = c->in_areas ? c->area.last + 1 : 0;
	struct iommufd_area *area;
	struct iommufd_ioas *ioas;

	if (!c->obj || c->obj->type != IOMMUFD_OBJ_IOAS || (c->in_areas && !iova))
		return false;
	ioas = container_of(c->obj, struct iommufd_ioas, obj);
	mutex_lock(&ioas->iova_lock);
	area = iommufd_area_first(ioas, iova, ULONG_MAX);
	if (area) {
		c->area.iova = area->iova;
		c->area.last = area->last;
		c->area.pos = area->pos;
		c->area.ino = iommufd_source_ino(area->source);
		c->area.mmio = iommufd_area_is_mmio(area);
		c->area.absent = area->absent && READ_ONCE(ioas->storage);
		c->area.prot = area->prot;
		c->in_areas = true;
	}
	mutex_unlock(&ioas->iova_lock);
	return area;
}

static void *listing_start(struct seq_file *m, loff_t *pos)
{
	struct cursor *c = m->private;

	if (!*pos)
		memset(c, 0, sizeof(*c));
	if (!find_context(c))
		return NULL;
	if (c->id) {
		c->obj = iommufd_object_get(c->ictx, c->id, IOMMUFD_OBJ_ANY);
		if (IS_ERR(c->obj))
			c->obj = NULL;
	}
	return c;
}

static void *listing_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct cursor *c = v;

	++*pos;
	if (next_area(c) || next_object(c) || next_context(c))
		return c;
	return NULL;
}

static void listing_stop(struct seq_file *m, void *v)
{
	struct cursor *c = m->private;

	if (!c->ictx)
		return;
	put_object(c);
	iommufd_ctx_put(c->ictx);
	c->ictx = NULL;
}

static void show_ioas(struct seq_file *m, struct iommufd_ioas *ioas)
{
	seq_printf(m, " mapped %lu alignment %lu%s",
		   READ_ONCE(ioas->mapped), READ_ONCE(ioas->alignment),
		   READ_ONCE(ioas->huge_pages) ? "" : " small-pages");
}

static void show_hwpt(struct seq_file *m, struct iommufd_hwpt *hwpt)
{
	seq_printf(m, " ioas %u", hwpt->ioas->obj.id);
	if (hwpt->parent)
		seq_printf(m, " parent %u", hwpt->parent->obj.id);
	if (hwpt->viommu)
		seq_printf(m, " viommu %u", hwpt->viommu->obj.id);
	seq_printf(m, "%s%s%s%s", hwpt->automatic ? " automatic" : "",
		   hwpt->nest_parent ? " nest-parent" : "",
		   iommufd_domain_is_noiommu(hwpt->domain) ? " no-iommu" : "",
		   hwpt->enforce_snoop ? " enforce-snoop" : "");
}

static void show_device(struct seq_file *m, struct iommufd_device *idev)
{
	seq_printf(m, " %s", dev_name(idev->dev));
	if (idev->has_cookie)
		seq_printf(m, " cookie %#llx", idev->cookie);
	if (!mutex_trylock(&idev->igroup->lock)) {
		seq_puts(m, " busy");
		return;
	}
	if (idev->attached)
		seq_printf(m, " hwpt %u", idev->igroup->hwpt->obj.id);
	mutex_unlock(&idev->igroup->lock);
}

static void show_access(struct seq_file *m, struct iommufd_access *access)
{
	if (down_read_trylock(&access->use_lock)) {
		if (access->ioas)
			seq_printf(m, " ioas %u", access->ioas->obj.id);
		up_read(&access->use_lock);
	} else {
		seq_puts(m, " busy");
	}
	seq_printf(m, " pinned %lu",
		   atomic_long_read(&access->pinned) << PAGE_SHIFT);
}

static void show_vdevice(struct seq_file *m, struct iommufd_vdevice *vdevice)
{
	seq_printf(m, " viommu %u virtual-id %#llx",
		   vdevice->viommu->obj.id, vdevice->vdevice->id);
}

static void show_object(struct seq_file *m, struct iommufd_object *obj)
{
	seq_printf(m, "  %s %u", iommufd_object_ops[obj->type].name, obj->id);
	switch (obj->type) {
	case IOMMUFD_OBJ_ACCESS:
		show_access(m, container_of(obj, struct iommufd_access, obj));
		break;
	case IOMMUFD_OBJ_IOAS:
		show_ioas(m, container_of(obj, struct iommufd_ioas, obj));
		break;
	case IOMMUFD_OBJ_HWPT:
	case IOMMUFD_OBJ_HWPT_NESTED:
		show_hwpt(m, container_of(obj, struct iommufd_hwpt, obj));
		break;
	case IOMMUFD_OBJ_VDEVICE:
		show_vdevice(m, container_of(obj, struct iommufd_vdevice, obj));
		break;
	case IOMMUFD_OBJ_VIOMMU:
		seq_printf(m, " parent %u",
			   container_of(obj, struct iommufd_viommu,
					obj)->parent->obj.id);
		break;
	case IOMMUFD_OBJ_DEVICE:
		show_device(m, container_of(obj, struct iommufd_device, obj));
		break;
	}
	seq_putc(m, '\n');
}

static void show_area(struct seq_file *m, struct cursor *c)
{
	seq_printf(m, "    %#lx-%#lx %c%c", c->area.iova, c->area.last,
		   c->area.prot & IOMMU_READ ? 'r' : '-',
		   c->area.prot & IOMMU_WRITE ? 'w' : '-');
	if (c->area.ino)
		seq_printf(m, " inode %lu offset %#lx\n", c->area.ino,
			   c->area.pos);
	else if (c->area.mmio)
		seq_printf(m, " device-memory offset %#lx%s\n", c->area.pos,
			   c->area.absent ? " absent" : "");
	else
		seq_printf(m, " va %#lx\n", c->area.pos);
}

static void show_context(struct seq_file *m, struct cursor *c)
{
	seq_printf(m, "fd %llu\n", c->number);
	iommufd_vfio_show_groups(m, c->ictx);
}

static int listing_show(struct seq_file *m, void *v)
{
	struct cursor *c = v;

	if (c->in_areas)
		show_area(m, c);
	else if (c->obj)
		show_object(m, c->obj);
	else if (!c->id)
		show_context(m, c);
	return 0;
}

static const struct seq_operations listing_sops = {
	.start = listing_start,
	.next = listing_next,
	.stop = listing_stop,
	.show = listing_show,
};

static int listing_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &listing_sops, sizeof(struct cursor));
}

static const struct file_operations listing_fops = {
	.owner = THIS_MODULE,
	.open = listing_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

void __init iommufd_debugfs_init(void)
{
	debugfs_dir = debugfs_create_dir("iommufd", NULL);
	debugfs_create_file("fds", 0400, debugfs_dir, NULL, &listing_fops);
}

void iommufd_debugfs_exit(void)
{
	debugfs_remove(debugfs_dir);
}
