# Last, so that little time passes before the answer is heard.
$answer.utc_time = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ss.fffZ', $invariant)
$answer.unreadable = $unreadable.ToArray()
$answer
