// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of queues: objects that user space reads from a descriptor of their own.
 *
 * The file is a user of its queue, and holds the context. It has a number before
 * the ioctl that makes the queue answers, but is installed after that, when
 * nothing can fail any more. Until then iommufd_queue_file_abort() takes both
 * back. The release operation of the file gives up the user and the context; a
 * file without a queue, in private_data, has neither.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "iommufd_private.h"

/**
 * iommufd_queue_file() - make a file for a queue that is not published
 * @ictx: context
 * @obj: the queue's object
 * @name: of the file
 * @fops: its operations; private_data is @queue
 * @queue: the queue
 * @flags: O_RDONLY or O_RDWR
 * @fd: returns the descriptor that the file is to be installed as
 *
 * Return: the file, or an ERR_PTR.
 */
struct file *iommufd_queue_file(struct iommufd_ctx *ictx,
				struct iommufd_object *obj, const char *name,
				const struct file_operations *fops,
				void *queue, int flags, int *fd)
{
	struct file *file;

	*fd = get_unused_fd_flags(O_CLOEXEC);
	if (*fd < 0)
		return ERR_PTR(*fd);
	file = anon_inode_getfile(name, fops, queue, flags);
	if (IS_ERR(file)) {
		put_unused_fd(*fd);
		return file;
	}
	iommufd_object_use(ictx, obj);
	iommufd_ctx_get(ictx);
	return file;
}

/* Undo iommufd_queue_file() before the file is installed */
void iommufd_queue_file_abort(struct iommufd_ctx *ictx,
			      struct iommufd_object *obj, struct file *file,
			      int fd)
{
	put_unused_fd(fd);
	/* It is released when the queue is gone */
	file->private_data = NULL;
	fput(file);
	iommufd_object_unuse(ictx, obj);
	iommufd_ctx_put(ictx);
}
