$answer.unreadable = $unreadable.ToArray()
$answer
