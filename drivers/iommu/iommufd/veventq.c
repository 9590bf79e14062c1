// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues of events of a vIOMMU, which user space reads from a descriptor.
 *
 * The driver reports an event at any time, also when it cannot sleep. It goes into
 * the queue of its type, with a sequence number; or is lost, if nobody has made
 * the queue, it is full, or there is no memory. What is lost has a number, too, so
 * that the reader sees a gap; and if nothing came after it, an entry that says
 * only that events were lost. That entry is a part of the queue, and so always to
 * be had.
 *
 * viommu->queues_lock protects the list of queues, queue->lock the events; both
 * are taken with interrupts off, in this order. read_lock lets one reader at a time
 * take events out, so that an event which cannot be copied goes back to where it
 * was. The descriptor is a user of the queue, and holds the context.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "nesting.h"

#define DEPTH_MAX BIT(19)

/**
 * struct vevent - an event in a queue
 * @node: in the events of the queue; empty if it is in none
 * @header: what user space gets first
 * @len: bytes of @data
 * @data: what user space gets then
 */
struct vevent {
	struct list_head node;
	struct iommufd_vevent_header header;
	u32 len;
	u8 data[];
};

/**
 * struct iommufd_veventq - a queue
 * @obj: object
 * @viommu: whose events; this is a user
 * @entry: in the queues of @viommu
 * @type: of the events
 * @depth: how many there can be
 * @wait: woken when there are new ones
 * @read_lock: held to read
 * @lock: protects the rest
 * @events: struct vevent
 * @num_events: how many there are, without @lost
 * @sequence: number of the next one
 * @lost: in @events, as the last one, if events were lost after all others
 */
struct iommufd_veventq {
	struct iommufd_object obj;
	struct iommufd_viommu *viommu;
	struct list_head entry;
	u32 type;
	u32 depth;
	wait_queue_head_t wait;
	struct mutex read_lock;
	spinlock_t lock;
	struct list_head events;
	u32 num_events;
	u32 sequence;
	struct vevent lost;
};

/*
 * Reporting
 */

static struct iommufd_veventq *find_queue(struct iommufd_viommu *viommu,
					  u32 type)
{
	struct iommufd_veventq *queue;

	lockdep_assert_held(&viommu->queues_lock);
	list_for_each_entry(queue, &viommu->queues, entry)
		if (queue->type == type)
			return queue;
	return NULL;
}

static struct vevent *new_event(struct iommufd_veventq *queue, const void *data,
				size_t len)
{
	struct vevent *event;

	if (!data || queue->num_events == queue->depth)
		return NULL;
	event = kmalloc(struct_size(event, data, len), GFP_ATOMIC);
	if (!event)
		return NULL;
	event->header.flags = 0;
	event->len = len;
	memcpy(event->data, data, len);
	queue->num_events++;
	return event;
}

static void add_event(struct iommufd_veventq *queue, const void *data,
		      size_t len)
{
	struct vevent *event;

	spin_lock(&queue->lock);
	/* That something was lost is seen by what follows */
	list_del_init(&queue->lost.node);
	event = new_event(queue, data, len) ?: &queue->lost;
	event->header.sequence = queue->sequence;
	queue->sequence = (queue->sequence + 1) & INT_MAX;
	list_add_tail(&event->node, &queue->events);
	spin_unlock(&queue->lock);
	wake_up_all(&queue->wait);
}

int iommufd_veventq_report(struct iommu_viommu *viommu, u32 type,
			   const void *data, size_t len)
{
	struct iommufd_viommu *owner = viommu->owner;
	struct iommufd_veventq *queue;
	unsigned long flags;

	spin_lock_irqsave(&owner->queues_lock, flags);
	queue = find_queue(owner, type);
	if (queue)
		add_event(queue, data, len);
	spin_unlock_irqrestore(&owner->queues_lock, flags);
	return queue ? 0 : -EOPNOTSUPP;
}

/*
 * Reading
 */

static size_t record_size(const struct vevent *event)
{
	return sizeof(event->header) + event->len;
}

/* Take the first event out of the queue, if there is room for it */
static struct vevent *take_event(struct iommufd_veventq *queue, size_t room,
				 struct iommufd_vevent_header *header)
{
	struct vevent *event;

	spin_lock_irq(&queue->lock);
	event = list_first_entry_or_null(&queue->events, struct vevent, node);
	if (event && record_size(event) <= room) {
		/* That of what was lost may be written as soon as it is out */
		*header = event->header;
		list_del_init(&event->node);
		if (event != &queue->lost)
			queue->num_events--;
	} else {
		event = NULL;
	}
	spin_unlock_irq(&queue->lock);
	return event;
}

/* Put an event back to where it was, unless newer ones tell the same */
static void put_back(struct iommufd_veventq *queue, struct vevent *event)
{
	spin_lock_irq(&queue->lock);
	if (event != &queue->lost) {
		list_add(&event->node, &queue->events);
		queue->num_events++;
	} else if (list_empty(&queue->events)) {
		list_add(&event->node, &queue->events);
	}
	spin_unlock_irq(&queue->lock);
}

static ssize_t veventq_read(struct file *file, char __user *buf, size_t count,
			    loff_t *ppos)
{
	struct iommufd_veventq *queue = file->private_data;
	struct iommufd_vevent_header header;
	struct vevent *event;
	size_t done = 0;
	int rc = 0;

	mutex_lock(&queue->read_lock);
	while ((event = take_event(queue, count - done, &header))) {
		if (copy_to_user(buf + done, &header, sizeof(header)) ||
		    copy_to_user(buf + done + sizeof(header), event->data,
				 event->len)) {
			put_back(queue, event);
			rc = -EFAULT;
			break;
		}
		done += record_size(event);
		if (event != &queue->lost)
			kfree(event);
	}
	mutex_unlock(&queue->read_lock);
	return done ?: rc;
}

static __poll_t veventq_poll(struct file *file, struct poll_table_struct *wait)
{
	struct iommufd_veventq *queue = file->private_data;
	__poll_t events;

	poll_wait(file, &queue->wait, wait);
	spin_lock_irq(&queue->lock);
	events = list_empty(&queue->events) ? 0 : EPOLLIN | EPOLLRDNORM;
	spin_unlock_irq(&queue->lock);
	return events;
}

static int veventq_release(struct inode *inode, struct file *file)
{
	struct iommufd_veventq *queue = file->private_data;
	struct iommufd_ctx *ictx;

	/* User space never got it */
	if (!queue)
		return 0;
	ictx = queue->viommu->ictx;
	iommufd_object_unuse(ictx, &queue->obj);
	iommufd_ctx_put(ictx);
	return 0;
}

static const struct file_operations veventq_fops = {
	.owner = THIS_MODULE,
	.read = veventq_read,
	.poll = veventq_poll,
	.release = veventq_release,
	.llseek = no_llseek,
};

/*
 * The object
 */

/* Let the driver's events come */
static int add_queue(struct iommufd_veventq *queue)
{
	struct iommufd_viommu *viommu = queue->viommu;
	int rc = 0;

	spin_lock_irq(&viommu->queues_lock);
	if (find_queue(viommu, queue->type))
		rc = -EEXIST;
	else
		list_add(&queue->entry, &viommu->queues);
	spin_unlock_irq(&viommu->queues_lock);
	return rc;
}

void iommufd_veventq_destroy(struct iommufd_ctx *ictx,
			     struct iommufd_object *obj)
{
	struct iommufd_veventq *queue =
		container_of(obj, struct iommufd_veventq, obj);
	struct iommufd_viommu *viommu = queue->viommu;
	struct vevent *event, *next;

	spin_lock_irq(&viommu->queues_lock);
	list_del(&queue->entry);
	spin_unlock_irq(&viommu->queues_lock);
	list_del_init(&queue->lost.node);
	list_for_each_entry_safe(event, next, &queue->events, node)
		kfree(event);
	iommufd_object_unuse(ictx, &viommu->obj);
}

static struct iommufd_veventq *alloc_queue(struct iommufd_viommu *viommu,
					   const struct iommu_veventq_alloc *cmd)
{
	struct iommufd_veventq *queue;
	int rc;

	queue = iommufd_object_alloc(viommu->ictx, queue, IOMMUFD_OBJ_VEVENTQ);
	if (IS_ERR(queue))
		return queue;
	queue->viommu = viommu;
	queue->type = cmd->type;
	queue->depth = cmd->veventq_depth;
	init_waitqueue_head(&queue->wait);
	mutex_init(&queue->read_lock);
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->events);
	INIT_LIST_HEAD(&queue->lost.node);
	queue->lost.header.flags = IOMMU_VEVENTQ_FLAG_LOST_EVENTS;
	rc = iommufd_object_use(viommu->ictx, &viommu->obj);
	if (rc)
		goto err_abort;
	rc = add_queue(queue);
	if (rc)
		goto err_unuse;
	return queue;

err_unuse:
	iommufd_object_unuse(viommu->ictx, &viommu->obj);
err_abort:
	iommufd_object_abort(viommu->ictx, &queue->obj);
	return ERR_PTR(rc);
}

static int alloc(struct iommufd_call *call, struct iommufd_viommu *viommu)
{
	struct iommu_veventq_alloc *cmd = call->cmd;
	struct iommufd_veventq *queue;
	struct file *file;
	int rc, fd;

	if (!viommu->viommu->type->event_len ||
	    viommu->viommu->type->event_type != cmd->type)
		return -EOPNOTSUPP;
	queue = alloc_queue(viommu, cmd);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	file = iommufd_queue_file(call->ictx, &queue->obj, "[iommufd-vevent]",
				  &veventq_fops, queue, O_RDONLY, &fd);
	if (IS_ERR(file)) {
		rc = PTR_ERR(file);
		goto err_destroy;
	}
	cmd->out_veventq_id = queue->obj.id;
	cmd->out_veventq_fd = fd;
	rc = iommufd_respond(call, sizeof(*cmd));
	if (rc)
		goto err_file;
	iommufd_object_publish(call->ictx, &queue->obj);
	fd_install(fd, file);
	return 0;

err_file:
	iommufd_queue_file_abort(call->ictx, &queue->obj, file, fd);
err_destroy:
	iommufd_veventq_destroy(call->ictx, &queue->obj);
	iommufd_object_abort(call->ictx, &queue->obj);
	return rc;
}

int iommufd_veventq_alloc_ioctl(struct iommufd_call *call)
{
	struct iommu_veventq_alloc *cmd = call->cmd;
	struct iommufd_viommu *viommu;
	int rc;

	if (cmd->flags || cmd->__reserved ||
	    cmd->type == IOMMU_VEVENTQ_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	if (!cmd->veventq_depth || cmd->veventq_depth > DEPTH_MAX)
		return -EINVAL;
	viommu = iommufd_get_viommu(call->ictx, cmd->viommu_id);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	rc = alloc(call, viommu);
	iommufd_object_put(call->ictx, &viommu->obj);
	return rc;
}
